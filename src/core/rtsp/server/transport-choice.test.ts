import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTransports } from '../wire/transport.ts';
import { transportReply, type OfferedWays } from './media-way.ts';
import { assignChannels, chooseTransport, purposeOf } from './transport-choice.ts';

const TCP_ONLY: OfferedWays = { udp: false, multicast: false };
const ALL: OfferedWays = { udp: true, multicast: true };

describe('chooseTransport: inside the connection, where nothing else is offered', () => {
  for (const [header, interleaved] of [
    ['RTP/AVP/TCP;unicast;interleaved=0-1', [0, 1]],
    ['RTP/AVP/TCP;unicast;interleaved=8-9', [8, 9]],
    ['RTP/AVP/TCP;interleaved=4', [4, 5]],
    ['RTP/AVP/TCP;unicast', undefined],
    ['RTP/AVPF/TCP;unicast;interleaved=0-1', [0, 1]],
    ['RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=2-3', [2, 3]],
    ['RTP/AVP;multicast,RTP/SAVP/TCP;interleaved=0-1,RTP/AVP/TCP;interleaved=6-7', [6, 7]],
  ] as const) {
    it(header, () => {
      const chosen = chooseTransport(header, TCP_ONLY);
      assert.equal(chosen?.kind, 'interleaved');
      assert.deepEqual(chosen.transport.interleaved, interleaved);
    });
  }
  for (const header of [
    '',
    'RTP/AVP;unicast;client_port=5000-5001',
    'RTP/AVP/UDP;unicast;client_port=5000-5001',
    'RTP/AVP;multicast',
    'RTP/SAVP/TCP;interleaved=0-1',
    'junk',
  ]) {
    it(`461: ${header}`, () => assert.equal(chooseTransport(header, TCP_ONLY), undefined));
  }
});

describe('chooseTransport: the first that is offered', () => {
  for (const [header, offered, kind] of [
    ['RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;interleaved=2-3', ALL, 'udp'],
    ['RTP/AVP/TCP;interleaved=2-3,RTP/AVP;unicast;client_port=5000-5001', ALL, 'interleaved'],
    ['RTP/AVP/UDP;unicast;client_port=5000', ALL, 'udp'],
    // Neither unicast nor multicast: no peer means the default of the standard.
    ['RTP/AVP;client_port=5000-5001', ALL, 'udp'],
    // rtspclientsink (mtx#50).
    ['RTP/AVP;unicast;client_port=0-0;mode=record', ALL, 'udp'],
    ['RTP/AVP;multicast', ALL, 'multicast'],
    ['RTP/AVP;multicast;destination=192.0.2.1;port=9000-9001', ALL, 'multicast'],
    ['RTP/AVP;multicast,RTP/AVP;unicast;client_port=5000-5001', { udp: true, multicast: false }, 'udp'],
    ['RTP/AVP;unicast;client_port=5000-5001,RTP/AVP;multicast', { udp: false, multicast: true }, 'multicast'],
    ['RTP/AVP;unicast', ALL, undefined],
    ['RTP/AVP/TCP;multicast', ALL, undefined],
    ['RTP/SAVP;unicast;client_port=5000-5001', ALL, undefined],
  ] as const) {
    it(header, () => assert.equal(chooseTransport(header, offered)?.kind, kind));
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
  const [first] = parseTransports('RTP/AVP/TCP;interleaved=0-1;ssrc=1');
  assert.ok(first !== undefined);
  const group = { address: '239.10.1.2', ports: [8002, 8003], ttl: 16 } as const;
  for (const [way, purpose, ssrc, expected] of [
    [
      { kind: 'interleaved', channels: [2, 3] },
      'play',
      0xab,
      'RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=000000AB;mode="PLAY"',
    ],
    [
      { kind: 'interleaved', channels: [2, 3] },
      'record',
      undefined,
      'RTP/AVP/TCP;unicast;interleaved=2-3;mode="RECORD"',
    ],
    [
      { kind: 'udp', clientPorts: [5000, 5001], serverPorts: [8000, 8001] },
      'play',
      0xab,
      'RTP/AVP;unicast;client_port=5000-5001;server_port=8000-8001;ssrc=000000AB;mode="PLAY"',
    ],
    [
      { kind: 'multicast', group },
      'play',
      0xab,
      'RTP/AVP;multicast;destination=239.10.1.2;ttl=16;port=8002-8003;ssrc=000000AB;mode="PLAY"',
    ],
  ] as const) {
    assert.equal(transportReply(first, way, purpose, ssrc), expected);
  }
});

function taken(...channels: number[]): (channel: number) => boolean {
  const set = new Set(channels);
  return (channel) => set.has(channel);
}

function purpose(mode: string): string | undefined {
  const chosen = chooseTransport(`RTP/AVP/TCP;unicast${mode}`, TCP_ONLY);
  return chosen === undefined ? 'no transport' : purposeOf(chosen.transport);
}
