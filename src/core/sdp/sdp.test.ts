import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { mutated, seededRandom } from '../bytes/mutations.table.ts';
import { completeFormat, formatFor } from '../codec/registry.ts';
import { WeirError } from '../errors.ts';
import { RtspFramer } from '../rtsp/wire/framer.ts';
import { baseUrl, controlUrl } from './control-url.ts';
import { MAX_ATTRIBUTES, MAX_MEDIA_SECTIONS, parseSdp } from './parse-sdp.ts';
import { sdpTracks, type SdpTrack } from './sdp-tracks.ts';
import { serialiseSdp } from './serialise-sdp.ts';
import type { SessionDescription } from './session-description.ts';

/** A recorded answer to DESCRIBE, what it was asked for, and per track: encoding/clock/channels, payload type, control URL, codec string. */
interface Recorded {
  readonly file: string;
  readonly url: string;
  readonly tracks: readonly string[];
  readonly unusable?: readonly string[];
}

const RECORDED: readonly Recorded[] = [
  {
    file: 'bunny_describe.txt',
    url: 'rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov',
    tracks: [
      'MPEG4-GENERIC/12000/2 96 rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/trackID=1 mp4a.40.2',
      'H264/90000 97 rtsp://wowzaec2demo.streamlock.net/vod/mp4:BigBuckBunny_115k.mov/trackID=2 avc1.42c01e',
    ],
  },
  {
    file: 'dahua_describe_h264_aac_onvif.txt',
    url: 'rtsp://192.168.5.111/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif',
    tracks: [
      'H264/90000 96 rtsp://192.168.5.111/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0 avc1.64001e',
      'MPEG4-GENERIC/48000 97 rtsp://192.168.5.111/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=1 mp4a.40.2',
      'VND.ONVIF.METADATA/90000 107 rtsp://192.168.5.111/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=4 -',
    ],
  },
  {
    file: 'dahua_describe_h265_pcma.txt',
    url: 'rtsp://203.0.113.7:5540/cam/realmonitor?channel=1&subtype=2',
    tracks: [
      'H265/90000 98 rtsp://203.0.113.7:5540/cam/realmonitor?channel=1&subtype=2/trackID=0 hvc1.1.6.L90.B0',
      'PCMA/8000 8 rtsp://203.0.113.7:5540/cam/realmonitor?channel=1&subtype=2/trackID=1 -',
    ],
  },
  {
    file: 'foscam_describe.txt',
    url: 'rtsp://192.168.5.107:65534/videoMain',
    tracks: [
      'H264/90000 96 rtsp://192.168.5.107:65534/videoMain/track1 avc1.4d001f',
      'PCMU/8000/1 0 rtsp://192.168.5.107:65534/videoMain/track2 -',
    ],
  },
  {
    file: 'gw_main_describe.txt',
    url: 'rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif',
    // rtpmap says PCMU against the static payload type 8.
    tracks: [
      'H264/90000 96 rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/video avc1.4d002a',
      'PCMU/8000/1 8 rtsp://192.168.1.110:5050/H264?channel=1&subtype=0&unicast=true&proto=Onvif/audio -',
    ],
  },
  {
    file: 'gw_sub_describe.txt',
    url: 'rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif',
    tracks: [
      'H264/90000 96 rtsp://192.168.1.110:5049/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video avc1.4d001e',
    ],
  },
  {
    file: 'h264dvr_describe.txt',
    url: 'rtsp://192.168.168.100/camera',
    tracks: [
      'H264/90000 96 rtsp://192.168.168.100/camera/trackID=3 avc1.420029',
      'PCMA/8000/1 8 rtsp://192.168.168.100/camera/trackID=4 -',
    ],
  },
  {
    file: 'hikvision_describe.txt',
    url: 'rtsp://192.168.5.106/Streaming/Channels/101',
    tracks: [
      'H264/90000 96 rtsp://192.168.5.106/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1 avc1.4d0029',
      'VND.ONVIF.METADATA/90000 107 rtsp://192.168.5.106/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1 -',
    ],
  },
  {
    file: 'missing_content_type_describe.txt',
    url: 'rtsp://192.0.2.1/live/',
    tracks: [
      'H264/90000 96 rtsp://192.0.2.1/live/streamid=0 avc1.64000d',
      'MPEG4-GENERIC/48000/2 97 rtsp://192.0.2.1/live/streamid=1 mp4a.40.2',
    ],
  },
  {
    file: 'reolink_describe.txt',
    url: 'rtsp://192.168.5.206/h264Preview_01_main',
    tracks: [
      'H264/90000 96 rtsp://192.168.5.206/h264Preview_01_main/trackID=1 avc1.640033',
      'MPEG4-GENERIC/16000 97 rtsp://192.168.5.206/h264Preview_01_main/trackID=2 mp4a.40.2',
    ],
  },
  {
    file: 'tplink_sdp.txt',
    url: 'rtsp://192.0.2.1/stream1',
    tracks: [
      'H265/90000 96 rtsp://192.0.2.1/stream1/track1 hvc1.1.6.L150',
      'PCMA/8000 8 rtsp://192.0.2.1/stream1/track2 -',
    ],
    unusable: ['application/TP-LINK'],
  },
  {
    file: 'ubiquiti_sdp.txt',
    url: 'rtsp://192.0.2.1/s0',
    tracks: [
      'MPEG4-GENERIC/48000/1 96 rtsp://192.0.2.1/s0/trackID=0 mp4a.40.2',
      'OPUS/48000/2 96 rtsp://192.0.2.1/s0/trackID=1 -',
      'H264/90000 97 rtsp://192.0.2.1/s0/trackID=2 avc1.4d402a',
    ],
  },
];

describe('descriptions that cameras sent', () => {
  for (const { file, url, tracks, unusable = [] } of RECORDED) {
    it(file, () => {
      const { description, base } = readRecorded(file, url);
      const found = sdpTracks(description);
      assert.deepEqual(
        found.tracks.map((track) => textOf(track, base)),
        tracks,
      );
      assert.deepEqual(
        found.unusable.map(({ media }) => media),
        unusable,
      );
      assert.ok(found.tracks.every(({ backChannel }) => !backChannel));
    });
  }
});

/** A section as some device writes it, and what it comes to: as above without the URL, or a reason. */
const SECTIONS: readonly { readonly name: string; readonly lines: string; readonly is: string }[] = [
  {
    name: 'a payload type glued to the protocol (gsl#271)',
    lines: 'm=video 0 RTP/AVP96\na=rtpmap:96 H264/90000',
    is: 'H264/90000 96',
  },
  { name: 'a blank after the encoding', lines: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000 ', is: 'H264/90000 96' },
  { name: 'a clock of 0 (mtx#4476)', lines: 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/0', is: 'H264/90000 96' },
  { name: 'no clock', lines: 'm=audio 0 RTP/AVP 97\na=rtpmap:97 PCMA', is: 'PCMA/8000 97' },
  {
    name: 'rtpmap against the static type (GW)',
    lines: 'm=audio 0 RTP/AVP 0\na=rtpmap:0 PCMA/16000',
    is: 'PCMA/16000 0',
  },
  { name: 'a static type alone', lines: 'm=video 0 RTP/AVP 26', is: 'JPEG/90000 26' },
  {
    name: 'H.264 on a static number (gsl#632)',
    lines: 'm=video 0 RTP/AVP 35\na=rtpmap:35 H264/90000',
    is: 'H264/90000 35',
  },
  {
    name: 'rtpmap of another number, the only one',
    lines: 'm=video 0 RTP/AVP 96\na=rtpmap:98 H264/90000',
    is: 'H264/90000 96',
  },
  {
    name: 'the first usable of several formats',
    lines: 'm=video 0 RTP/AVP 96 97\na=rtpmap:97 H265/90000\na=rtpmap:95 X/1',
    is: 'H265/90000 97',
  },
  { name: 'feedback profile', lines: 'm=video 0 RTP/AVPF 96\na=rtpmap:96 H264/90000', is: 'H264/90000 96' },
  { name: 'no encoding for a dynamic type', lines: 'm=video 0 RTP/AVP 96', is: 'its encoding is not named' },
  { name: 'no number', lines: 'm=audio 0 RTP/AVP smart', is: 'it names no RTP payload type' },
  { name: 'another medium (mf#238)', lines: 'm=vana 0 RTP/AVP 96\na=rtpmap:96 X/1', is: 'its media type is "vana"' },
  { name: 'no RTP', lines: 'm=video 0 UDP 33', is: 'its protocol is "UDP", not RTP' },
];

describe('media sections as devices write them', () => {
  for (const { name, lines, is } of SECTIONS) {
    it(name, () => {
      const { tracks, unusable } = sdpTracks(parsed(lines));
      const [track] = tracks;
      assert.equal(track === undefined ? unusable[0]?.reason : formatText(track), is);
    });
  }

  it('without v=, o= and s=, c= cut short, decimals in o=, bytes that are no UTF-8 (gsl#448, #439, #455; mtx#5033; ret#52)', () => {
    const text =
      'o=- 1.5 -3 IN IP4\r\nc=IN \r\nt=now-\r\ni=\xff\xfe\r\nnonsense\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n';
    const description = parseSdp(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    assert.ok(!(description instanceof WeirError));
    assert.equal(sdpTracks(description).tracks.length, 1);
  });

  it('back-channels are marked; all marked means none is (mtx#5074)', () => {
    const section = (direction: string): string => `m=audio 0 RTP/AVP 0\na=${direction}`;
    const marks = (text: string): readonly boolean[] =>
      sdpTracks(parsed(text)).tracks.map((track) => track.backChannel);
    assert.deepEqual(marks(`${section('recvonly')}\n${section('sendonly')}`), [false, true]);
    assert.deepEqual(marks(`${section('sendonly')}\n${section('sendonly')}`), [false, false]);
  });

  it('fmtp: names in lower case, the first counts, values may hold =, none for another type', () => {
    const text =
      'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 Packetization-Mode=1; sprop-parameter-sets=Z0I=,aM4=;x;packetization-mode=0';
    const [track] = sdpTracks(parsed(text)).tracks;
    assert.deepEqual(
      [...(track?.format.fmtp ?? [])],
      [
        ['packetization-mode', '1'],
        ['sprop-parameter-sets', 'Z0I=,aM4='],
        ['x', ''],
      ],
    );
  });

  it('has limits', () => {
    const sections = parsed('m=video 0 RTP/AVP 26\n'.repeat(MAX_MEDIA_SECTIONS + 5));
    assert.equal(sections.media.length, MAX_MEDIA_SECTIONS);
    const attributes = parsed(`m=video 0 RTP/AVP 26\n${'a=x\n'.repeat(MAX_ATTRIBUTES + 5)}`);
    assert.equal(attributes.media[0]?.attributes.length, MAX_ATTRIBUTES);
  });

  it('without a media section is an error with a code', () => {
    const error = parseSdp(new TextEncoder().encode('v=0\r\n'));
    assert.ok(error instanceof WeirError && error.code === 'sdp-invalid');
  });
});

/** Requested URL, Content-Base, Content-Location, control → URL of the track. */
const CONTROLS: readonly (readonly [string, string | undefined, string | undefined, string, string])[] = [
  ['rtsp://h/a', undefined, undefined, 'trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h/a', 'rtsp://h/a/', undefined, 'trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h:5544/a', 'rtsp://h/b/', undefined, 't', 'rtsp://h:5544/b/t'],
  ['rtsp://h/a', 'rtsp://[::ffff:192.0.2.1]/a/', undefined, 't', 'rtsp://h/a/t'],
  ['rtsp://192.0.2.1/a', 'rtsp://::ffff:192.0.2.1/b/', undefined, 't', 'rtsp://192.0.2.1/b/t'],
  ['rtsp://h/a', 'rtsp://rtsp://h/a/', undefined, 't', 'rtsp://h/a/t'],
  ['rtsp://h/a', 'h:554/a/', undefined, 't', 'rtsp://h/a/t'],
  ['rtsp://h/a', 'rtsp://10.0.0.9/elsewhere/', 'rtsp://h/c/', 't', 'rtsp://h/c/t'],
  ['rtsp://h/a', 'rtsp://10.0.0.9/elsewhere/', undefined, 't', 'rtsp://h/a/t'],
  ['rtsp://h/a', '/b/', undefined, 't', 'rtsp://h/b/t'],
  ['rtsp://h/a?x=1', 'rtsp://h/a?x=1/', undefined, 'trackID=0', 'rtsp://h/a?x=1/trackID=0'],
  ['rtsp://h/a', undefined, undefined, 'rtsp://10.0.0.9:554/a/trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h/a', undefined, undefined, '/trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h/a', undefined, undefined, '/a/trackID=1', 'rtsp://h/a/trackID=1'],
  ['rtsp://h/a', undefined, undefined, '*', 'rtsp://h/a'],
  ['rtsp://h/a', undefined, undefined, '?ctype=video', 'rtsp://h/a?ctype=video'],
];

describe('control URLs', () => {
  for (const [request, contentBase, contentLocation, control, url] of CONTROLS) {
    it(`${request} + ${contentBase ?? '-'} + ${control}`, () => {
      assert.equal(controlUrl(baseUrl(request, { contentBase, contentLocation }), control), url);
    });
  }
});

describe('the description that we serve', () => {
  const h264 = sdpTracks(readRecorded('reolink_describe.txt', 'rtsp://h/a').description).tracks.map(({ format }) =>
    completeFormat(format),
  );

  it('reads back as the same tracks, with packetization-mode=1 and complete fmtp', () => {
    const tracks = h264.map((format, index) => ({ format, control: `trackID=${index}` }));
    const text = serialiseSdp({ id: 1, version: 2, name: 'yard\r\nx', address: '192.0.2.1', range: undefined, tracks });
    assert.ok(text.startsWith('v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=yard x\r\n'), text);
    assert.match(text, /packetization-mode=1/);
    const back = sdpTracks(parsed(text)).tracks;
    assert.deepEqual(
      back.map(({ control }) => control),
      ['trackID=0', 'trackID=1'],
    );
    assert.deepEqual(
      back.map(({ format }) => completeFormat(format).parameters?.identity),
      h264.map((format) => format.parameters?.identity),
    );
  });

  it('is the same for a format that was made from its parameters', () => {
    for (const { parameters } of h264) {
      assert.ok(parameters !== undefined);
      const track = { format: formatFor(parameters, 96), control: 't' };
      const text = serialiseSdp({ id: 1, version: 1, name: '', address: '::1', range: undefined, tracks: [track] });
      const [back] = sdpTracks(parsed(text)).tracks;
      assert.equal(
        back === undefined ? undefined : completeFormat(back.format).parameters?.identity,
        parameters.identity,
      );
    }
  });
});

it('damage never throws', () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = seededRandom(seed);
  const inputs = RECORDED.map(({ file }) => new Uint8Array(readFileSync(fixture(file))));
  for (let round = 0; round < 3000; round++) {
    const input = mutated(inputs[round % inputs.length] ?? new Uint8Array(), random);
    try {
      const description = parseSdp(input);
      if (description instanceof WeirError) continue;
      for (const track of sdpTracks(description).tracks) {
        completeFormat(track.format);
        controlUrl('rtsp://h/a', track.control);
      }
    } catch (error) {
      assert.fail(`seed ${seed}, round ${round}: ${String(error)}`);
    }
  }
});

function fixture(file: string): URL {
  return new URL(`../../../test/fixtures/cameras/${file}`, import.meta.url);
}

/** A whole response, or the body alone. */
function readRecorded(file: string, url: string): { readonly description: SessionDescription; readonly base: string } {
  const bytes = new Uint8Array(readFileSync(fixture(file)));
  const message = new RtspFramer().push(bytes).find((unit) => unit.kind === 'message')?.message;
  const headers = message?.headers;
  const base = baseUrl(url, {
    contentBase: headers?.get('Content-Base'),
    contentLocation: headers?.get('Content-Location'),
  });
  const description = parseSdp(message?.body ?? bytes);
  assert.ok(!(description instanceof WeirError));
  return { description, base: controlUrl(base, description.control) };
}

function parsed(text: string): SessionDescription {
  const description = parseSdp(new TextEncoder().encode(text));
  assert.ok(!(description instanceof WeirError));
  return description;
}

function formatText({ format }: SdpTrack): string {
  const { encoding, clockRate, channels, payloadType } = format;
  return `${encoding}/${clockRate}${channels === undefined ? '' : `/${channels}`} ${payloadType}`;
}

function textOf(track: SdpTrack, base: string): string {
  return `${formatText(track)} ${controlUrl(base, track.control)} ${completeFormat(track.format).parameters?.codecString ?? '-'}`;
}
