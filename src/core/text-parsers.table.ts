/** Readers of text, as rows for parsers.fuzz.test.ts and test/fuzz: heads, headers, descriptions, URLs, passwords. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { oneOf, type Parser } from '../../test/harness/fuzz.ts';
import { below, type Random } from '../../test/harness/mutations.ts';
import { codecFor, completeFormat } from './codec/registry.ts';
import type { TrackFormat } from './codec/track-format.ts';
import { WeirError } from './errors.ts';
import { DialogueErrors } from './rtsp/client/dialogue-errors.ts';
import { redirectTarget } from './rtsp/client/redirect.ts';
import { authorize, parseAuthorization, verifyDigest } from './rtsp/digest/authorization.ts';
import { MAX_CHALLENGES, parseChallenges, serialiseChallenge } from './rtsp/digest/challenge.ts';
import { announcedTrack, parseAnnouncement } from './rtsp/server/announcement.ts';
import { baseUri, contentBase, parseTarget } from './rtsp/server/target.ts';
import { contentLength, cseqOf, MAX_HEADERS, parseHead } from './rtsp/wire/parse-head.ts';
import { parseRange, serialiseRange } from './rtsp/wire/range.ts';
import { parseRtspUrl } from './rtsp/wire/rtsp-url.ts';
import { serialiseRequest, serialiseResponse } from './rtsp/wire/serialise.ts';
import { parseSession, serialiseSession } from './rtsp/wire/session.ts';
import { MAX_TRANSPORTS, parseTransports, serialiseTransport } from './rtsp/wire/transport.ts';
import { baseUrl, controlUrl } from './sdp/control-url.ts';
import { MAX_ATTRIBUTES, MAX_FORMATS, MAX_MEDIA_SECTIONS, parseSdp } from './sdp/parse-sdp.ts';
import { sdpTracks } from './sdp/sdp-tracks.ts';
import { serialiseSdp } from './sdp/serialise-sdp.ts';
import { parseView, viewName } from './url/view.ts';

const CAMERAS = new URL('../../test/fixtures/cameras/', import.meta.url);
const RECORDED = readdirSync(CAMERAS)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => ({ file, bytes: readFileSync(new URL(file, CAMERAS)) }));
const HEADS = RECORDED.filter(({ file }) => !file.endsWith('_sdp.txt')).map(({ bytes }) => bytes);
const DESCRIPTIONS = RECORDED.filter(({ file }) => /_describe|_sdp/.test(file)).map(({ bytes }) =>
  bytes.subarray(Math.max(bytes.indexOf('v=0'), 0)),
);

const decoder = new TextDecoder();
const ofText =
  (read: (input: string, random: Random) => void): Parser['reader'] =>
  () =>
  (input, random) =>
    read(decoder.decode(input), random);

export const TEXT_PARSERS: readonly Parser[] = [
  {
    name: 'heads of messages',
    seeds: [
      ...HEADS,
      'SETUP rtsp://h/s/trackID=0 RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP;unicast\r\n ;interleaved=0-1\r\n',
    ],
    reader: ofText(readHead),
  },
  {
    name: 'Transport',
    seeds: [
      'RTP/AVP/TCP;unicast;interleaved=0-1,RTP/AVP;unicast;client_port=5000-5001;mode="PLAY"',
      'RTP/AVP;multicast;destination=239.1.2.3;port=5000-5001;ttl=16',
      'RTP/AVP/TCP;ssrc=4cacc3d1;interleaved=8-9;mode=record',
      'RTP/AVP;unicast;client_port=4-5;server_port=6-7;source=192.0.2.1;ssrc= 7',
    ],
    reader: ofText(readTransports),
  },
  {
    name: 'Range, Session',
    seeds: [
      'npt=0.000-596.48',
      'npt=now-',
      'npt=0:01:30-',
      'clock=20261124T101500.25Z-20261124T102500Z',
      '77;timeout=60',
      'AB12 ; timeout = "30"',
    ],
    reader: ofText(readSmallHeaders),
  },
  { name: 'descriptions', seeds: DESCRIPTIONS, reader: () => readDescription },
  {
    name: 'challenges and answers to them',
    seeds: [
      'Digest realm="x", nonce="y", algorithm=SHA-256, qop="auth,auth-int", opaque="z", stale=TRUE',
      'Basic realm="cam", Digest realm="a \\" b",nonce="1"',
      'Digest username="u", realm="x", nonce="y", uri="rtsp://h/s", response="0123456789abcdef", nc=00000001, cnonce="q", qop=auth',
      'Basic dTpw',
    ],
    reader: ofText(readPasswords),
  },
  {
    name: 'URLs',
    seeds: [
      'rtsp://user:p@ss:w%40rd#1@192.0.2.1:8554/path?query=1',
      'rtsp://[2001:db8::1]/cam/realmonitor?channel=1&subtype=1/trackID=0',
      'rtsp://h/yard?start=gop/trackID=0',
      'rtsp://::ffff:192.0.2.1:554/live/x/',
      '/live/main/trackID=1//',
      'archive-1767261600-60-media.m3u8',
      '20260101T100000.5Z-preview.mp4',
    ],
    reader: ofText(readUrls),
  },
];

/** What was read and written is read as it was. A line end alone is a blank when it is written. */
function readHead(input: string): void {
  const head = parseHead(input);
  if (head instanceof WeirError) {
    assert.ok(head.code === 'rtsp-malformed' || head.code === 'head-too-long');
    return;
  }
  const headers = [...head.headers];
  assert.ok(headers.length <= MAX_HEADERS && headers.every(([name]) => name !== ''));
  const body = new Uint8Array(0);
  const message = head.kind === 'request' ? { ...head, body } : { ...head, body };
  const cseq = cseqOf(message);
  assert.ok(cseq === undefined || Number.isSafeInteger(cseq));
  assert.ok(contentLength(head.headers) >= 0);
  if (input.replaceAll('\r\n', '').includes('\r')) return;
  const written = message.kind === 'request' ? serialiseRequest(message) : serialiseResponse(message);
  const again = parseHead(decoder.decode(written).replace(/\r\n\r\n$/, ''));
  assert.ok(!(again instanceof WeirError));
  const kept = headers.filter(([name]) => name.toLowerCase() !== 'content-length');
  assert.deepEqual([...again.headers].map(lowerName), kept.map(lowerName));
  if (again.kind === 'request') assert.equal(again.uri, message.kind === 'request' && message.uri);
  else assert.equal(again.status, message.kind === 'response' && message.status);
}

function lowerName([name, value]: readonly [string, string]): string {
  return `${name.toLowerCase()}: ${value}`;
}

function readTransports(input: string): void {
  const transports = parseTransports(input);
  assert.ok(transports.length <= MAX_TRANSPORTS);
  for (const transport of transports) {
    const { destination, source, mode, ...numbers } = transport;
    // Texts that a quote or a separator stands in are never written.
    const plain = [destination, source, mode].every((value) => /^[\w.:]*$/.test(value ?? ''));
    const written = plain ? transport : numbers;
    assert.deepEqual(parseTransports(serialiseTransport(written)), [written]);
  }
}

function readSmallHeaders(input: string): void {
  const range = parseRange(input);
  if (range?.kind === 'clock') assert.deepEqual(parseRange(serialiseRange(range)), range);
  if (range?.kind === 'npt') assert.equal(parseRange(serialiseRange(range))?.kind, 'npt');
  const session = parseSession(input);
  if (session !== undefined) assert.deepEqual(parseSession(serialiseSession(session)), session);
}

/** Of whatever came: limits hold, each track can be unpacked, and what we serve of it is read back with the same tracks. */
function readDescription(bytes: Uint8Array, random: Random): void {
  const description = parseSdp(bytes);
  if (description instanceof WeirError) {
    assert.equal(description.code, 'sdp-invalid');
    return;
  }
  assert.ok(description.media.length <= MAX_MEDIA_SECTIONS);
  for (const { attributes, formats } of description.media)
    assert.ok(attributes.length <= MAX_ATTRIBUTES && formats.length <= MAX_FORMATS);
  const announcement = parseAnnouncement(bytes, 'rtsp://h/s', 's');
  const { tracks } = sdpTracks(description);
  if (!(announcement instanceof WeirError)) {
    assert.equal(announcement.tracks.length, description.media.length);
    const uri = controlUrl('rtsp://h/s/', oneOf(announcement.tracks, random).control);
    const track = announcedTrack(uri, announcement);
    assert.ok(track === undefined || Number.isInteger(track));
  }
  const formats = tracks.map(({ format }) => completeFormat(format));
  for (const format of formats) unpackNothing(format);
  assert.deepEqual(servedAndRead(formats), formats.map(nameOf));
}

function unpackNothing(format: TrackFormat): void {
  const codec = codecFor(format.encoding);
  if (codec === undefined) return;
  const depacketizer = codec.depacketizer(format);
  depacketizer.push({ payload: new Uint8Array(20), marker: true, ticks: 0, lostBefore: 0 });
  depacketizer.flush();
}

function servedAndRead(formats: readonly TrackFormat[]): readonly string[] {
  const served = serialiseSdp({
    id: 1,
    version: 1,
    name: 's',
    address: '192.0.2.1',
    range: undefined,
    tracks: formats.map((format, index) => ({ format, control: `trackID=${index}` })),
  });
  const description = parseSdp(new TextEncoder().encode(served));
  if (description instanceof WeirError) return [];
  return sdpTracks(description).tracks.map(({ format }) => nameOf(format));
}

function nameOf({ media, encoding, clockRate, payloadType }: Omit<TrackFormat, 'parameters'>): string {
  return `${media} ${payloadType} ${encoding}/${clockRate}`;
}

/** No real one: what it is given to is tested elsewhere. */
const hash = (algorithm: string, text: string): string => `${algorithm.length + text.length}`;

function readPasswords(input: string): void {
  const challenges = parseChallenges([input, input]);
  assert.ok(challenges.length <= MAX_CHALLENGES);
  const credentials = { user: 'u', password: 'p"\\' };
  const request = { credentials, method: 'PLAY', uri: 'rtsp://h/s', nonceCount: 1, cnonce: 'c' };
  for (const challenge of challenges) {
    assert.deepEqual(parseChallenges([serialiseChallenge(challenge)]), [challenge]);
    const answer = parseAuthorization(authorize(challenge, request, hash));
    assert.equal(answer?.scheme, challenge.scheme);
    if (answer?.scheme === 'digest') assert.ok(verifyDigest(answer, 'PLAY', hash('MD5', ''), hash) !== undefined);
  }
  const authorization = parseAuthorization(input);
  if (authorization?.scheme === 'digest') verifyDigest(authorization, 'PLAY', 'ha1', hash);
}

function readUrls(input: string, random: Random): void {
  const url = parseRtspUrl(input);
  if (!(url instanceof WeirError)) {
    const hidden = parseRtspUrl(url.requestUrl);
    assert.ok(!(hidden instanceof WeirError) && hidden.credentials === undefined && hidden.host === url.host);
    redirectTarget(input, url, below(8, random), new DialogueErrors('source', 'label'));
  } else assert.equal(url.place, undefined);
  const target = parseTarget(input);
  assert.ok(target?.track === undefined || target.track < 1000);
  assert.ok(contentBase(input).includes('/') && !baseUri(input).endsWith('/'));
  const base = baseUrl('rtsp://192.0.2.1/live', { contentBase: input, contentLocation: undefined });
  assert.ok(base.startsWith('rtsp://192.0.2.1/') || base === 'rtsp://192.0.2.1', base);
  assert.ok(controlUrl(base, input).startsWith('rtsp://192.0.2.1'));
  readView(input);
}

function readView(name: string): void {
  try {
    const found = parseView(name);
    if (found !== undefined) assert.deepEqual(parseView(viewName(found.view)), found);
  } catch (error) {
    assert.ok(error instanceof WeirError && error.code === 'time-invalid');
  }
}
