import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { mutated, seededRandom } from '../../bytes/mutations.table.ts';
import { RtspFramer } from '../wire/framer.ts';
import { AUDIO_SECTION, Conversation, TCP, VIDEO_SDP } from './conversation.table.ts';

const CAMERAS = path.join(import.meta.dirname, '../../../../test/fixtures/cameras');

describe('the way to media', () => {
  it('is OPTIONS, DESCRIBE, a SETUP a track, PLAY, and TEARDOWN', () => {
    const talk = new Conversation();
    assert.deepEqual(
      talk.of('connect').map((output) => output.url.host),
      ['192.0.2.1'],
    );
    talk.push({ kind: 'connected' });
    const options = talk.request('OPTIONS');
    assert.deepEqual(
      [options.uri, options.headers.get('CSeq'), options.headers.get('User-Agent')],
      ['rtsp://192.0.2.1/live', '1', 'weir'],
    );
    talk.reply(200);
    assert.equal(talk.request('DESCRIBE').headers.get('Accept'), 'application/sdp');
    talk.reply(200, { 'Content-Base': 'rtsp://192.0.2.1/live/' }, VIDEO_SDP + AUDIO_SECTION);
    const first = talk.request('SETUP');
    assert.deepEqual(
      [first.uri, first.headers.get('Transport'), first.headers.get('Session')],
      ['rtsp://192.0.2.1/live/trackID=0', `${TCP}0-1`, undefined],
    );
    talk.reply(200, { Session: '7;timeout=30', Transport: `${TCP}0-1` });
    const second = talk.request('SETUP');
    assert.deepEqual(
      [second.uri, second.headers.get('Transport'), second.headers.get('Session')],
      ['rtsp://192.0.2.1/live/trackID=1', `${TCP}2-3`, '7'],
    );
    talk.reply(200, { Session: '8', Transport: `${TCP}2-3` });
    const play = talk.request('PLAY');
    assert.deepEqual(
      [play.uri, play.headers.get('Session'), play.headers.get('Range')],
      ['rtsp://192.0.2.1/live/', '7', 'npt=0.000-'],
    );
    assert.deepEqual(talk.of('tracks'), []);
    talk.reply(200);
    assert.deepEqual(
      talk.of('tracks')[0]?.tracks.map(({ format, rtpChannel }) => [format.encoding, rtpChannel]),
      [
        ['H264', 0],
        ['PCMA', 2],
      ],
    );
    assert.deepEqual([...(talk.of('channels')[0]?.channels ?? [])], [0, 1, 2, 3]);
    talk.push({ kind: 'stop' });
    assert.deepEqual([talk.request('TEARDOWN').headers.get('Session'), talk.ended], ['7', undefined]);
    talk.reply(200);
    assert.equal(talk.ended, 'none');
  });

  for (const status of [404, 501, 401, 302]) {
    it(`goes on after OPTIONS was answered with ${status}`, () => {
      const talk = new Conversation();
      talk.push({ kind: 'connected' });
      talk.request('OPTIONS');
      talk.reply(status);
      talk.request('DESCRIBE');
    });
  }

  it('skips what cannot be used, with the reason', () => {
    const talk = new Conversation();
    talk.describe(
      `${VIDEO_SDP}m=audio 0 RTP/AVP 0\r\na=sendonly\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\nm=vana 0 RTP/AVP 9\r\n${AUDIO_SECTION}`,
    );
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('SETUP');
    talk.reply(500);
    talk.request('PLAY');
    talk.reply(200);
    const [announced] = talk.of('tracks');
    assert.equal(announced?.tracks.length, 1);
    assert.deepEqual(
      announced.skipped.map(({ reason }) => reason),
      [
        'its media type is "vana"',
        'it is a back-channel',
        'VND.ONVIF.METADATA is not pulled',
        'The source answered SETUP with 500 Reason',
      ],
    );
  });
});

describe('what a server may answer', () => {
  const describeRows: readonly { readonly status: number; readonly body?: string; readonly code: string }[] = [
    { status: 404, code: 'source-not-found' },
    { status: 403, code: 'source-unauthorized' },
    { status: 401, code: 'source-unauthorized' },
    { status: 453, code: 'source-refused' },
    { status: 503, code: 'source-refused' },
    { status: 302, code: 'source-refused' },
    { status: 200, body: 'no', code: 'source-protocol' },
    { status: 200, body: 'm=vana 0 RTP/AVP 9', code: 'source-no-media' },
    {
      status: 200,
      body: 'm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000',
      code: 'source-no-media',
    },
  ];
  for (const { status, body, code } of describeRows) {
    it(`DESCRIBE with ${status} ${body ?? ''}: ${code}, nothing to tear down`, () => {
      const talk = new Conversation();
      talk.push({ kind: 'connected' });
      talk.request('OPTIONS');
      talk.reply(200);
      talk.request('DESCRIBE');
      talk.reply(status, {}, body);
      assert.equal(talk.ended, code);
      talk.nothingSent();
      assert.equal(talk.of('end')[0]?.error?.place, 'label');
    });
  }

  it('SETUP of the video with 461: an end that says what is missing', () => {
    const talk = new Conversation();
    talk.describe();
    talk.request('SETUP');
    talk.reply(461);
    assert.equal(talk.ended, 'source-refused');
    assert.match(talk.of('end')[0]?.error?.message ?? '', /does not send over TCP/);
  });

  it('SETUP with UDP: an end that tears down what was set up', () => {
    const talk = new Conversation();
    talk.describe(AUDIO_SECTION + VIDEO_SDP);
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: 'RTP/AVP;unicast;client_port=1-2;server_port=3-4' });
    talk.request('TEARDOWN');
    talk.advance(499);
    assert.equal(talk.ended, undefined);
    talk.advance(1);
    assert.equal(talk.ended, 'source-refused');
  });

  it('PLAY with an error: TEARDOWN, and an end', () => {
    const talk = new Conversation();
    talk.describe();
    talk.request('SETUP');
    talk.reply(200, { Session: '7', Transport: `${TCP}0-1` });
    talk.request('PLAY');
    talk.reply(455);
    talk.request('TEARDOWN');
    talk.push({ kind: 'closed' });
    assert.equal(talk.ended, 'source-refused');
  });

  for (const [name, transport, rtp] of [
    ['other channels', `${TCP}8-9`, 8],
    ['a single channel', `${TCP}0`, 0],
    ['no /TCP (Escam)', 'RTP/AVP;unicast;interleaved=4-5', 4],
    ['no channels', 'RTP/AVP/TCP;unicast', 0],
    ['no transport at all', '', 0],
    ['ssrc first (ret#120)', `ssrc=1;${TCP}6-7`, 6],
  ] as const) {
    it(`SETUP with ${name}`, () => {
      const talk = new Conversation();
      talk.describe();
      talk.request('SETUP');
      talk.reply(200, { Session: '7', ...(transport === '' ? {} : { Transport: transport }) });
      talk.request('PLAY');
      talk.reply(200);
      talk.frame(rtp);
      talk.frame(77);
      assert.deepEqual([talk.of('rtp').length, talk.machine.faults.unknownChannelFrames], [1, 1]);
    });
  }

  it('wrong CSeqs: always the last, always 0, none', () => {
    for (const cseq of [{ CSeq: '0' }, { CSeq: '' }, { Cseq: 'x' }]) {
      const talk = new Conversation();
      talk.push({ kind: 'connected' });
      talk.request('OPTIONS');
      talk.reply(200, cseq);
      talk.request('DESCRIBE');
      talk.reply(200, cseq, VIDEO_SDP);
      talk.request('SETUP');
      assert.equal(talk.machine.faults.cseqMismatches, 'Cseq' in cseq ? 0 : 2);
    }
  });

  it('responses to nothing, and those that are not final', () => {
    const talk = new Conversation();
    talk.push({ kind: 'connected' });
    talk.request('OPTIONS');
    talk.reply(100);
    talk.nothingSent();
    talk.reply(200);
    talk.request('DESCRIBE');
    talk.reply(200, {}, VIDEO_SDP);
    talk.request('SETUP');
    talk.reply(200, { Session: '7' });
    talk.request('PLAY');
    talk.reply(200);
    talk.reply(200);
    assert.deepEqual([talk.machine.state, talk.machine.faults.unexpectedResponses], ['playing', 1]);
  });
});

describe('a request of the server', () => {
  const rows: readonly (readonly [string, string, number])[] = [
    ['OPTIONS', '', 200],
    ['GET_PARAMETER', '', 200],
    ['SET_PARAMETER', 'x: y\r\n', 501],
    ['ANNOUNCE', VIDEO_SDP, 200],
    ['ANNOUNCE', VIDEO_SDP.replace('H264', 'H265'), 501],
    ['ANNOUNCE', 'junk', 501],
    ['PLAY_NOTIFY', '', 501],
  ];
  for (const [method, body, status] of rows) {
    it(`${method} ${JSON.stringify(body.slice(0, 4))} is answered with ${status} and its own CSeq`, () => {
      const talk = new Conversation();
      talk.play();
      talk.wire(
        `${method} rtsp://192.0.2.1/live RTSP/1.0\r\nCSeq: 4711\r\nSession: 7\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      const response = talk.response();
      assert.deepEqual(
        [response.status, response.headers.get('CSeq'), response.headers.get('Session')],
        [status, '4711', '7'],
      );
      assert.equal(talk.machine.state, 'playing');
    });
  }
});

describe('the end', () => {
  it('says what was awaited when the connection closes', () => {
    const talk = new Conversation();
    talk.push({ kind: 'connected' });
    talk.push({ kind: 'closed' });
    assert.equal(talk.of('end')[0]?.error?.message, 'The source closed the connection instead of answering OPTIONS');
  });

  it('comes of what is no RTSP, with what came', () => {
    const talk = new Conversation();
    talk.push({ kind: 'connected' });
    talk.wire('HTTP/1.1 400 Bad Request\r\n\r\n');
    assert.equal(talk.ended, 'source-protocol');
    assert.match(talk.of('end')[0]?.error?.message ?? '', /HTTP\/1.1 400 Bad Request/);
  });

  it('comes once, whatever follows', () => {
    const talk = new Conversation();
    talk.play();
    talk.push({ kind: 'stop' });
    talk.push({ kind: 'stop' });
    talk.request('TEARDOWN');
    talk.push({ kind: 'closed' });
    for (const kind of ['closed', 'stop', 'tick', 'closed'] as const) talk.push({ kind });
    talk.frame(0);
    assert.deepEqual([talk.of('end').length, talk.of('rtp').length], [1, 0]);
    talk.nothingSent();
  });

  it('comes at once when stopped before a session is there', () => {
    for (const steps of [0, 1]) {
      const talk = new Conversation();
      if (steps === 1) talk.push({ kind: 'connected' });
      talk.push({ kind: 'stop' });
      assert.equal(talk.ended, 'none');
    }
  });
});

describe('damage', () => {
  it('of recorded responses, in any order and state, is survived', () => {
    const seed = 20_261_124;
    const random = seededRandom(seed);
    const recorded = [
      'dahua_options',
      'reolink_describe',
      'hikvision_setup',
      'gw_main_play',
      'dahua_describe_h264_aac_onvif',
      'bunny_setup',
    ].map((name) => readFileSync(path.join(CAMERAS, `${name}.txt`)));
    for (let round = 0; round < 2000; round++) {
      const talk = new Conversation('rtsp://u:p@192.0.2.1/live');
      talk.push({ kind: 'connected' });
      const framer = new RtspFramer();
      for (let i = 0; i < 6 && talk.ended === undefined; i++) {
        const bytes = recorded[Math.floor(random() * recorded.length)] ?? new Uint8Array(0);
        const damaged = random() < 0.5 ? mutated(bytes, random) : bytes;
        talk.push({ kind: 'units', units: framer.push(damaged) });
        if (random() < 0.1) talk.push({ kind: 'closed' });
        if (talk.machine.state === 'connecting') talk.push({ kind: 'connected' });
      }
      talk.push({ kind: 'stop' });
      talk.advance(500);
      assert.ok(talk.ended !== undefined, `seed ${seed}, round ${round}`);
    }
  });
});
