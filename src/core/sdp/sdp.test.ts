import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { mutated } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { completeFormat } from '../codec/registry.ts';
import { WeirError } from '../errors.ts';
import { RtspFramer } from '../rtsp/wire/framer.ts';
import { parseSdp } from './parse-sdp.ts';
import { sdpTracks } from './sdp-tracks.ts';
import { serialiseSdp } from './serialise-sdp.ts';
import { STATIC_PAYLOAD_TYPES } from './static-payload-types.ts';

const CAMERAS = path.join(import.meta.dirname, '../../../test/fixtures/cameras');

/** `media payloadType encoding/clock[/channels] control`, with `!` before what cannot be used and `<` before a back-channel. */
const RECORDED: Readonly<Record<string, readonly string[]>> = {
  'bunny_describe.txt': ['audio 96 MPEG4-GENERIC/12000/2 trackID=1', 'video 97 H264/90000 trackID=2'],
  'dahua_describe_h264_aac_onvif.txt': [
    'video 96 H264/90000 trackID=0',
    'audio 97 MPEG4-GENERIC/48000 trackID=1',
    'application 107 VND.ONVIF.METADATA/90000 trackID=4',
  ],
  'dahua_describe_h265_pcma.txt': ['video 98 H265/90000 trackID=0', 'audio 8 PCMA/8000 trackID=1'],
  'foscam_describe.txt': ['video 96 H264/90000 track1', 'audio 0 PCMU/8000/1 track2'],
  'gw_main_describe.txt': ['video 96 H264/90000 video', 'audio 8 PCMU/8000/1 audio'],
  'gw_sub_describe.txt': ['video 96 H264/90000 video'],
  'h264dvr_describe.txt': ['video 96 H264/90000 trackID=3', 'audio 8 PCMA/8000/1 trackID=4'],
  'hikvision_describe.txt': [
    'video 96 H264/90000 rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
    'application 107 VND.ONVIF.METADATA/90000 rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1',
  ],
  'missing_content_type_describe.txt': ['video 96 H264/90000 streamid=0', 'audio 97 MPEG4-GENERIC/48000/2 streamid=1'],
  'reolink_describe.txt': ['video 96 H264/90000 trackID=1', 'audio 97 MPEG4-GENERIC/16000 trackID=2'],
  'tplink_sdp.txt': [
    'video 96 H265/90000 track1',
    'audio 8 PCMA/8000 track2',
    '!its media type is "application/TP-LINK"',
  ],
  'ubiquiti_sdp.txt': [
    'audio 96 MPEG4-GENERIC/48000/1 trackID=0',
    'audio 96 OPUS/48000/2 trackID=1',
    'video 97 H264/90000 trackID=2',
  ],
};

/** Forms of rtsp-peers.md §4 that no recording holds. */
const FORMS: readonly { readonly name: string; readonly sdp: string; readonly tracks: readonly string[] }[] = [
  {
    name: 'no v=, o=, s= (FLIR)',
    sdp: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000',
    tracks: ['video 96 H264/90000 -'],
  },
  {
    name: 'c= cut short, t=now-, decimals in o= (Uniview, Macro-Video)',
    sdp: 'v=0\r\no=- 1.5 2.5 IN IP4 x\r\nc=IN \r\nt=now-\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:t\r\n',
    tracks: ['video 96 H265/90000 t'],
  },
  {
    name: 'a glued protocol (gsl#271)',
    sdp: 'm=video 0 RTP/AVP96\na=rtpmap:96 H264/90000',
    tracks: ['video 96 H264/90000 -'],
  },
  {
    name: 'm=vana (Mercury)',
    sdp: 'm=vana 0 RTP/AVP 96\nm=audio 0 RTP/AVP 0',
    tracks: ['!its media type is "vana"', 'audio 0 PCMU/8000/1 -'],
  },
  {
    name: 'clock 0 (mtx#4476)',
    sdp: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/0\nm=audio 0 RTP/AVP 8\na=rtpmap:8 PCMA/0',
    tracks: ['video 96 H264/90000 -', 'audio 8 PCMA/8000 -'],
  },
  {
    name: 'a blank behind the clock (Foscam, GW)',
    sdp: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000 \n',
    tracks: ['video 96 H264/90000 -'],
  },
  { name: 'rtpmap without a clock', sdp: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264', tracks: ['video 96 H264/90000 -'] },
  {
    name: 'rtpmap of another number',
    sdp: 'm=video 0 RTP/AVP 96\na=rtpmap:97 H264/90000',
    tracks: ['video 96 H264/90000 -'],
  },
  {
    name: 'a static type in use for something else (Bosch, gsl#632)',
    sdp: 'm=video 0 RTP/AVP 35\na=rtpmap:35 H264/90000',
    tracks: ['video 35 H264/90000 -'],
  },
  {
    name: 'control twice and before rtpmap (Reolink)',
    sdp: 'm=video 0 RTP/AVP 96\na=control:a\na=control:b\na=rtpmap:96 H264/90000',
    tracks: ['video 96 H264/90000 a'],
  },
  {
    name: 'no encoding at all',
    sdp: 'm=video 0 RTP/AVP 96\nm=audio 0 RTP/AVP 8',
    tracks: ['!its encoding is not named', 'audio 8 PCMA/8000/1 -'],
  },
  { name: 'several formats, the first unnamed', sdp: 'm=audio 0 RTP/AVP 99 8', tracks: ['audio 8 PCMA/8000/1 -'] },
  { name: 'no RTP', sdp: 'm=video 0 udp 96', tracks: ['!its protocol is "UDP", not RTP'] },
  {
    name: 'a back-channel (Hikvision, Dahua)',
    sdp: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=recvonly\nm=audio 0 RTP/AVP 0\na=sendonly',
    tracks: ['video 96 H264/90000 -', '<audio 0 PCMU/8000/1 -'],
  },
  {
    name: 'everything a back-channel (mtx#5074)',
    sdp: 'a=sendonly\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\nm=audio 0 RTP/AVP 0',
    tracks: ['video 96 H264/90000 -', 'audio 0 PCMU/8000/1 -'],
  },
];

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function tracksOf(bytes: Uint8Array): readonly string[] {
  const description = parseSdp(bytes);
  assert.ok(!(description instanceof WeirError));
  const { tracks, unusable } = sdpTracks(description);
  const shown = new Map<number, string>();
  for (const { section, control, format, backChannel } of tracks) {
    const channels = format.channels === undefined ? '' : `/${format.channels}`;
    const line = `${format.media} ${format.payloadType} ${format.encoding}/${format.clockRate}${channels} ${control ?? '-'}`;
    shown.set(section, backChannel ? `<${line}` : line);
  }
  for (const { section, reason } of unusable) shown.set(section, `!${reason}`);
  return [...shown].sort(([a], [b]) => a - b).map(([, line]) => line);
}

function recorded(file: string): Uint8Array {
  const bytes = readFileSync(path.join(CAMERAS, file));
  if (file.endsWith('_sdp.txt')) return bytes;
  const [unit] = new RtspFramer().push(bytes);
  assert.ok(unit?.kind === 'message');
  return unit.message.body;
}

describe('recorded descriptions', () => {
  it('are all in the table', () => {
    const files = globSync('{*_describe*,*_sdp}.txt', { cwd: CAMERAS });
    assert.deepEqual(files.sort(), Object.keys(RECORDED).sort());
  });
  for (const [file, tracks] of Object.entries(RECORDED))
    it(file, () => assert.deepEqual(tracksOf(recorded(file)), tracks));

  it('have their parameters', () => {
    const description = parseSdp(recorded('ubiquiti_sdp.txt'));
    assert.ok(!(description instanceof WeirError));
    const [aac, opus, video] = sdpTracks(description).tracks;
    assert.deepEqual(Object.fromEntries(aac?.format.fmtp ?? []), {
      streamtype: '5',
      'profile-level-id': '15',
      mode: 'AAC-hbr',
      config: '1188',
      sizelength: '13',
      indexlength: '3',
      indexdeltalength: '3',
    });
    assert.equal(opus?.format.fmtp.size, 0);
    assert.equal(video?.format.fmtp.get('sprop-parameter-sets'), 'Z01AKo2NQDwBE/LgLcBAQFAAAD6AABX5CdoIhGo=,aO44gA==');
  });

  it('survive truncation at every byte, and damage', () => {
    const random = seededRandom(3);
    for (const file of Object.keys(RECORDED)) {
      const bytes = recorded(file);
      const before = new Uint8Array(bytes);
      for (let end = 0; end < bytes.length; end++) read(bytes.subarray(0, end));
      for (let round = 0; round < 500; round++) read(mutated(bytes, random));
      assert.deepEqual(new Uint8Array(bytes), before);
    }
  });
});

function read(bytes: Uint8Array): void {
  const description = parseSdp(bytes);
  if (description instanceof WeirError) assert.equal(description.code, 'sdp-invalid');
  else sdpTracks(description);
}

describe('odd descriptions', () => {
  for (const { name, sdp, tracks } of FORMS) it(name, () => assert.deepEqual(tracksOf(encode(sdp)), tracks));

  it('no UTF-8 in the name', () => {
    const bytes = new Uint8Array([...encode('s=caf'), 0xe9, ...encode('\r\nm=audio 0 RTP/AVP 8\r\n')]);
    assert.deepEqual(tracksOf(bytes), ['audio 8 PCMA/8000/1 -']);
  });

  for (const sdp of ['', 'v=0\r\n', '<html>404</html>']) {
    it(`${JSON.stringify(sdp)} is none`, () => {
      const error = parseSdp(encode(sdp));
      assert.ok(error instanceof WeirError && error.code === 'sdp-invalid');
    });
  }
});

test('payload types without an rtpmap: RFC 3551 tables 4 and 5, and what type 2 once was', () => {
  const rows = [...STATIC_PAYLOAD_TYPES].map(
    ([type, { encoding, clockRate, channels = 0 }]) => `${type} ${encoding}/${clockRate}/${channels}`,
  );
  assert.deepEqual(rows, [
    '0 PCMU/8000/1',
    '2 G726-32/8000/1',
    '3 GSM/8000/1',
    '4 G723/8000/1',
    '5 DVI4/8000/1',
    '6 DVI4/16000/1',
    '7 LPC/8000/1',
    '8 PCMA/8000/1',
    '9 G722/8000/1',
    '10 L16/44100/2',
    '11 L16/44100/1',
    '12 QCELP/8000/1',
    '13 CN/8000/1',
    '14 MPA/90000/0',
    '15 G728/8000/1',
    '16 DVI4/11025/1',
    '17 DVI4/22050/1',
    '18 G729/8000/1',
    '25 CELB/90000/0',
    '26 JPEG/90000/0',
    '28 NV/90000/0',
    '31 H261/90000/0',
    '32 MPV/90000/0',
    '33 MP2T/90000/0',
    '34 H263/90000/0',
  ]);
});

test('the size of the picture, where SDP gives it', () => {
  const rows: readonly (readonly [line: string, size: string | undefined])[] = [
    ['a=framesize:26 2592-1944', '2592x1944'],
    ['a=framesize:96 2592-1944', '2592x1944'], // another payload type, but the only one
    ['a=x-dimensions:2688,1520', '2688x1520'],
    ['a=x-dimensions: 2688, 1520', '2688x1520'],
    ['a=x-dimensions:2688', undefined],
    ['a=framesize:26 0-0', undefined],
    ['a=framerate:25', undefined],
  ];
  for (const [line, size] of rows) {
    const description = parseSdp(encode(`m=video 0 RTP/AVP 26\r\n${line}\r\n`));
    assert.ok(!(description instanceof WeirError));
    const frameSize = sdpTracks(description).tracks[0]?.format.frameSize;
    assert.equal(frameSize && `${frameSize.width}x${frameSize.height}`, size, line);
  }
});

describe('the description that we serve', () => {
  const aac = {
    media: 'audio',
    encoding: 'MPEG4-GENERIC',
    clockRate: 48_000,
    channels: 2,
    payloadType: 97,
    parameters: undefined,
  } as const;
  const h264 = {
    media: 'video',
    encoding: 'H264',
    clockRate: 90_000,
    payloadType: 96,
    fmtp: new Map(),
    parameters: undefined,
  } as const;
  const fmtp = new Map([
    ['config', '1190'],
    ['mode', 'AAC-hbr'],
  ]);
  const served = serialiseSdp({
    id: 17,
    version: 2,
    name: 'lobby\r\na=evil',
    address: '2001:db8::1',
    range: { kind: 'npt', fromS: 'now', toS: undefined },
    tracks: [
      { format: h264, control: 'trackID=0' },
      { format: { ...aac, fmtp }, control: 'trackID=1' },
    ],
  });

  it('is strict, whole and in order', () => {
    assert.deepEqual(served.split('\r\n'), [
      'v=0',
      'o=- 17 2 IN IP6 2001:db8::1',
      's=lobby a=evil',
      'c=IN IP6 ::',
      't=0 0',
      'a=control:*',
      'a=range:npt=now-',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      'a=fmtp:96 packetization-mode=1',
      'a=control:trackID=0',
      'm=audio 0 RTP/AVP 97',
      'a=rtpmap:97 MPEG4-GENERIC/48000/2',
      'a=fmtp:97 config=1190;mode=AAC-hbr',
      'a=control:trackID=1',
      '',
    ]);
  });

  it('says of relayed audio how its source packs it', () => {
    const rows = [
      [
        {
          ...aac,
          fmtp: new Map([
            ['mode', 'AAC-lbr'],
            ['config', '1190'],
          ]),
        },
        'a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-lbr;sizelength=6;indexlength=2;indexdeltalength=2;config=1190',
      ],
      [
        { ...aac, fmtp: new Map() },
        'a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190',
      ],
      [
        {
          ...aac,
          encoding: 'MP4A-LATM',
          fmtp: new Map([
            ['cpresent', '0'],
            ['config', '400023203fc0'],
          ]),
        },
        'a=fmtp:97 cpresent=0;config=400023203fc0',
      ],
      [{ ...aac, encoding: 'OPUS', fmtp: new Map([['sprop-stereo', '1']]) }, 'a=fmtp:97 sprop-stereo=1'],
      [{ ...aac, encoding: 'L16', fmtp: new Map() }, undefined],
    ] as const;
    for (const [format, line] of rows) {
      const sdp = serialiseSdp({
        id: 1,
        version: 1,
        name: 'x',
        address: '127.0.0.1',
        range: { kind: 'npt', fromS: 'now', toS: undefined },
        tracks: [{ format: completeFormat(format), control: 'trackID=0' }],
      });
      assert.equal(
        sdp.split('\r\n').find((one) => one.startsWith('a=fmtp')),
        line,
        format.encoding,
      );
    }
  });

  it('says the size of a JPEG that is too large for its own header', () => {
    const jpeg = { media: 'video', encoding: 'JPEG', clockRate: 90_000, payloadType: 26, fmtp: new Map() } as const;
    const rows = [
      [2592, 1944, ['a=framesize:26 2592-1944']],
      [2040, 1080, []],
      [1536, 2048, ['a=framesize:26 1536-2048']],
    ] as const;
    for (const [width, height, lines] of rows) {
      const shape = { media: 'video', width, height, aspect: [1, 1], frameRate: undefined } as const;
      const setup = { codec: 'mjpeg', identity: '', codecString: undefined, sampleEntry: undefined } as const;
      const parameters = { ...setup, parameterSets: [], shape };
      for (const format of [
        { ...jpeg, frameSize: { width, height }, parameters: undefined },
        { ...jpeg, parameters },
      ]) {
        const tracks = [{ format, control: 'trackID=0' }];
        const text = serialiseSdp({ id: 1, version: 1, name: '', address: '192.0.2.1', range: undefined, tracks });
        assert.deepEqual(
          text.split('\r\n').filter((line) => line.startsWith('a=framesize')),
          lines,
        );
      }
    }
  });

  it('is read back as it was', () => {
    assert.deepEqual(tracksOf(encode(served)), [
      'video 96 H264/90000 trackID=0',
      'audio 97 MPEG4-GENERIC/48000/2 trackID=1',
    ]);
  });
});
