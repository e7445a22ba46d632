/**
 * The description that we serve of each row of the registry, as the set-up is known from SDP, learnt in-band, or not known yet. Readers are strict:
 * Media3 refuses a track without fmtp (crumb#596), MediaMTX fragments without packetization-mode=1 (mtx#5846).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureNames, loadCapture } from '../../../test/fixtures/streams/rtp/captures.ts';
import { VIDEO_STREAMS, payloadsOf, videoStream } from '../../../test/fixtures/streams/units.ts';
import type { Codec, RtpPayload } from '../codec/codec.ts';
import { CODECS, completeFormat } from '../codec/registry.ts';
import type { TrackFormat } from '../codec/track-format.ts';
import { WeirError } from '../errors.ts';
import { attribute } from './session-description.ts';
import { parseSdp } from './parse-sdp.ts';
import { sdpTracks } from './sdp-tracks.ts';
import { serialiseSdp } from './serialise-sdp.ts';

interface Sent {
  readonly name: string;
  readonly codec: Codec;
  readonly format: TrackFormat;
  readonly payloads: readonly RtpPayload[];
}

const SENT: readonly Sent[] = [
  ...VIDEO_STREAMS.map((name) => {
    const stream = videoStream(name);
    return { name, codec: stream.codec, format: stream.format, payloads: payloadsOf(stream) };
  }),
  ...captureNames().map(loadCapture),
];

/** Names in fmtp that players do not do without, once the set-up is known. Others have none, or need none. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  H264: ['packetization-mode', 'profile-level-id', 'sprop-parameter-sets'],
  H265: ['sprop-vps', 'sprop-sps', 'sprop-pps'],
  AV1: ['profile', 'level-idx', 'tier'],
  VP9: ['profile-id'],
  'MP4V-ES': ['profile-level-id', 'config'],
  'MPEG4-GENERIC': [
    'streamtype',
    'profile-level-id',
    'mode',
    'config',
    'sizelength',
    'indexlength',
    'indexdeltalength',
  ],
};

test('each row of the registry is sent', () => {
  const missing = CODECS.filter((row) => !SENT.some(({ codec }) => codec === row));
  assert.deepEqual(missing, []);
});

test('what is known in-band stands in the description, and is read back as the same set-up', () => {
  for (const { name, codec, format, payloads } of SENT) {
    const parameters = learnt(codec, format, payloads);
    assert.ok(parameters !== undefined, name);
    // As from a camera that says nothing (Uniview IPC6322SR: crumb#592), one that says junk (gsl#402, g2r#1588), and one that says it.
    const junk = new Map([
      ['sprop-parameter-sets', 'AAAAAWdC,junk'],
      ['config', 'zz'],
      ['sprop-sps', '%'],
    ]);
    for (const fmtp of format.encoding === 'MP4A-LATM'
      ? [format.fmtp]
      : [format.fmtp, new Map<string, string>(), junk]) {
      const read = served({ ...format, fmtp, parameters });
      for (const key of NEEDED[format.encoding] ?? []) assert.ok(read.fmtp.get(key), `${name}: ${key}`);
      const again = completeFormat(read).parameters;
      if (NEEDED[format.encoding]?.some((key) => /sprop|config/.test(key)) === true)
        assert.equal(again?.identity, parameters.identity, name);
      assert.equal(read.payloadType, format.payloadType);
      assert.deepEqual(
        [read.encoding, read.clockRate, read.channels],
        [format.encoding, format.clockRate, format.channels],
      );
    }
  }
});

test('H.264 of which nothing is known yet: packetization-mode=1 all the same, as cameras fragment whatever they say', () => {
  const format = {
    media: 'video',
    encoding: 'H264',
    clockRate: 90_000,
    payloadType: 96,
    parameters: undefined,
  } as const;
  for (const fmtp of [new Map<string, string>(), new Map([['packetization-mode', '0']])])
    assert.equal(served({ ...format, fmtp }).fmtp.get('packetization-mode'), '1');
});

test('H.265 by its other name is served by the one that readers know', () => {
  const { format } = SENT.find(({ codec }) => codec.name === 'h265') ?? assert.fail('no H.265');
  assert.equal(served({ ...format, encoding: 'HEVC' }).encoding, 'H265');
});

function learnt(codec: Codec, format: TrackFormat, payloads: readonly RtpPayload[]): TrackFormat['parameters'] {
  const depacketizer = codec.depacketizer(format);
  for (const payload of payloads) depacketizer.push(payload);
  depacketizer.flush();
  return depacketizer.parameters;
}

function textOf(format: TrackFormat): string {
  return serialiseSdp({
    id: 1,
    version: 1,
    name: 'lobby',
    address: '192.0.2.1',
    range: { kind: 'npt', fromS: 'now', toS: undefined },
    tracks: [{ format, control: 'trackID=0' }],
  });
}

/** The track as a reader reads it; that each section is whole is looked at on the way. */
function served(format: TrackFormat): Omit<TrackFormat, 'parameters'> {
  const text = textOf(format);
  const lines = text.split('\r\n');
  assert.deepEqual(
    lines.slice(0, 7).map((line) => line.slice(0, 10)),
    ['v=0', 'o=- 1 1 IN', 's=lobby', 'c=IN IP4 0', 't=0 0', 'a=control:', 'a=range:np'],
  );
  assert.ok(lines.every((line) => /^([a-z]=\S.*)?$/.test(line)));
  const description = parseSdp(new TextEncoder().encode(text));
  assert.ok(!(description instanceof WeirError));
  const section = description.media[0];
  assert.ok(section);
  for (const name of ['rtpmap', 'control']) assert.ok(attribute(section.attributes, name), name);
  const { tracks, unusable } = sdpTracks(description);
  assert.deepEqual(unusable, []);
  const [track] = tracks;
  assert.ok(track?.control === 'trackID=0' && !track.backChannel);
  return track.format;
}

test('names of encodings are written as they are registered', () => {
  for (const [encoding, written] of [
    ['VND.ONVIF.METADATA', 'vnd.onvif.metadata'],
    ['VND.ONVIF.METADATA.GZIP', 'vnd.onvif.metadata.gzip'],
    ['HEVC', 'H265'],
    ['H264', 'H264'],
  ] as const) {
    const media = encoding.startsWith('VND') ? 'application' : 'video';
    const format: TrackFormat = {
      media,
      encoding,
      clockRate: 90_000,
      payloadType: 107,
      fmtp: new Map(),
      parameters: undefined,
    };
    const text = textOf(format);
    assert.ok(text.includes(`a=rtpmap:107 ${written}/90000\r\n`), text);
  }
});
