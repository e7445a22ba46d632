import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assignChannels, chooseTransport, purposeOf, transportReply } from './transport-choice.ts';

describe('chooseTransport', () => {
  for (const [header, interleaved] of [
    ['RTP/AVP/TCP;unicast;interleaved=0-1', [0, 1]],
    ['RTP/AVP/TCP;unicast;interleaved=8-9', [8, 9]],
    ['RTP/AVP/TCP;interleaved=4', [4, 5]],
    ['RTP/AVP/TCP;unicast', undefined],
    ['RTP/AVPF/TCP;unicast;interleaved=0-1', [0, 1]],
    ['RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=2-3', [2, 3]],
    ['RTP/AVP;multicast,RTP/SAVP/TCP;interleaved=0-1,RTP/AVP/TCP;interleaved=6-7', [6, 7]],
  ] as const) {
    it(header, () => assert.deepEqual(chooseTransport(header)?.interleaved, interleaved));
  }
  for (const header of [
    '',
    'RTP/AVP;unicast;client_port=5000-5001',
    'RTP/AVP/UDP;unicast;client_port=5000-5001',
    'RTP/AVP;multicast',
    'RTP/SAVP/TCP;interleaved=0-1',
    'junk',
  ]) {
    it(`461: ${header}`, () => assert.equal(chooseTransport(header), undefined));
  }
});

describe('assignChannels', () => {
  it('what was asked for', () => assert.deepEqual(assignChannels([7, 3], taken()), [7, 3]));
  it('the lowest free pair where nothing was', () => assert.deepEqual(assignChannels(undefined, taken(0, 3)), [4, 5]));
  it('another where it is taken', () => assert.deepEqual(assignChannels([0, 1], taken(1)), [2, 3]));
  it('another where RTP and RTCP are one', () => assert.deepEqual(assignChannels([5, 5], taken()), [0, 1]));
  it('none left', () =>
    assert.equal(
      assignChannels([0, 1], () => true),
      undefined,
    ));
});

it('purposeOf', () => {
  assert.deepEqual(['', ';mode=record', ';mode="RECORD"', ';mode=receive', ';mode=play', ';mode="PLAY"'].map(purpose), [
    undefined,
    'record',
    'record',
    'record',
    'play',
    'play',
  ]);
});

it('transportReply', () => {
  const chosen = chooseTransport('RTP/AVP/TCP;interleaved=0-1;ssrc=1');
  assert.ok(chosen !== undefined);
  assert.equal(
    transportReply(chosen, [2, 3], 'play', 0xab),
    'RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=000000AB;mode="PLAY"',
  );
  assert.equal(
    transportReply(chosen, [2, 3], 'record', undefined),
    'RTP/AVP/TCP;unicast;interleaved=2-3;mode="RECORD"',
  );
});

function taken(...channels: number[]): (channel: number) => boolean {
  const set = new Set(channels);
  return (channel) => set.has(channel);
}

function purpose(mode: string): string | undefined {
  const transport = chooseTransport(`RTP/AVP/TCP;unicast${mode}`);
  return transport === undefined ? 'no transport' : purposeOf(transport);
}
