/** Readers of bytes, as rows for parsers.fuzz.test.ts and test/fuzz: RTSP's framing, HTTP's head, base64, RTP, RTCP. */
import assert from 'node:assert/strict';
import { pieces, type Parser } from '../../test/harness/fuzz.ts';
import { below, joined, type Random } from '../../test/harness/mutations.ts';
import { WeirError } from './errors.ts';
import { writeGoodbye, writeReceiverReport, writeSenderReport } from './rtcp/write.ts';
import { parseRtcp } from './rtcp/parse.ts';
import { parseRtpHeader, rewriteRtpHeader, writeRtpHeader } from './rtp/packet.ts';
import { RtpReceiver } from './rtp/receiver.ts';
import { REORDER_WINDOW_MS, REORDER_WINDOW_PACKETS, ReorderWindow } from './rtp/reorder-window.ts';
import { Base64Stream } from './rtsp/tunnel/base64-stream.ts';
import { HttpHeadReader, httpRequestStart } from './rtsp/tunnel/http-head.ts';
import { frame } from './rtsp/wire/frame.ts';
import { MAX_GARBAGE_BYTES, RtspFramer, type RtspUnit } from './rtsp/wire/framer.ts';
import { isTlsHello } from './rtsp/wire/tls-hello.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function rtp(sequence: number, length = 60): Uint8Array {
  const packet = new Uint8Array(length);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp: 3600 * sequence, ssrc: 7 }, sequence % 4 === 0);
  return packet;
}

const OK = 'RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 77\r\n\r\n';
const ANNOUNCE = 'ANNOUNCE rtsp://h/s RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 4\r\n\r\nv=0\n';
const REPORTS: readonly Uint8Array[] = [
  writeSenderReport({ ssrc: 7, utcMs: 1.8e12, rtpTimestamp: 900, packets: 5, octets: 99, cname: 'cam' }),
  writeReceiverReport(
    1,
    [
      {
        ssrc: 7,
        fractionLost: 3,
        cumulativeLost: -5,
        highestSequence: 65540,
        jitter: 9,
        lastSenderReport: 1,
        delaySinceLastSenderReport: 2,
      },
    ],
    'weir',
  ),
  writeGoodbye(7),
];

export const BYTE_PARSERS: readonly Parser[] = [
  {
    name: 'one RTSP connection',
    seeds: [
      joined([text(OK), frame(0, rtp(1)), frame(1, REPORTS[0] ?? rtp(2)), text(ANNOUNCE), frame(2, rtp(3, 300))]),
      joined([frame(0, rtp(1)), text('\r\n'), text(ANNOUNCE + OK), frame(0, rtp(2, 20)), frame(77, rtp(3))]),
      joined([text('GET_PARAMETER rtsp://h/s RTSP/1.0\r\nCSeq: 9\r\n\r\n'), frame(255, rtp(1, 12)), text(OK)]),
    ],
    reader: () => readFraming,
  },
  {
    name: 'the head of an HTTP tunnel',
    seeds: [
      'GET /lobby?start=gop HTTP/1.1\r\nHost: nvr\r\nx-sessioncookie: 7c2f\r\nAccept: application/x-rtsp-tunnelled\r\n\r\nT1BU',
      'POST /lobby HTTP/1.0\nx-sessioncookie: 7c2f\nContent-Length: 32767\n\nT1BU',
      'HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n$',
    ],
    reader: () => readHttpHead,
  },
  {
    name: 'base64 of a tunnel',
    seeds: ['T1BUSU9OUyAqIFJUU1AvMS4wDQpDU2VxOiAxDQoNCg==', 'QQ==\r\nQUI=QUJD'],
    reader: () => readBase64,
  },
  {
    name: 'RTP packets',
    seeds: [
      rtp(1),
      Uint8Array.of(0xb2, 0xe0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 7, ...rtp(4, 8), 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 5, 6, 0, 2),
    ],
    reader: () => readRtp,
  },
  { name: 'a track over UDP', seeds: [1, 2, 40, 65_535].map((sequence) => rtp(sequence)), reader: udpTrack },
  {
    name: 'RTCP packets',
    seeds: [...REPORTS, joined(REPORTS)],
    reader: () => readRtcp,
  },
];

/** The same units whole and in pieces; no more bytes out than in. */
function readFraming(bytes: Uint8Array, random: Random): void {
  const whole = unitsOf([bytes]);
  assert.deepEqual(unitsOf(pieces(bytes, 1 + below(60, random), random)), whole);
  isTlsHello(bytes);
}

function unitsOf(chunks: readonly Uint8Array[]): readonly string[] {
  const framer = new RtspFramer();
  framer.knowChannels(KNOWN_CHANNELS);
  const units = chunks.flatMap((chunk) => framer.push(chunk));
  const given = chunks.reduce((sum, { length }) => sum + length, 0);
  assert.ok(units.reduce((sum, unit) => sum + lengthOf(unit), 0) <= given, 'more than came');
  return units.map(show);
}

const KNOWN_CHANNELS: ReadonlySet<number> = new Set([0, 1, 2, 255]);

function lengthOf(unit: RtspUnit): number {
  if (unit.kind === 'frame') return 4 + unit.payload.length;
  if (unit.kind === 'garbage') return unit.bytes;
  return unit.kind === 'message' ? unit.message.body.length : 0;
}

function show(unit: RtspUnit): string {
  switch (unit.kind) {
    case 'frame':
      return `${unit.channel} ${asText(unit.payload)}`;
    case 'garbage':
      assert.ok(unit.bytes > 0 && unit.bytes <= MAX_GARBAGE_BYTES);
      return `!${unit.bytes}`;
    case 'error':
      return `?${unit.error.code}`;
    case 'message': {
      const { body, headers, ...first } = unit.message;
      return `${Object.values(first).join(' ')}|${[...headers].join('|')}|${asText(body)}`;
    }
  }
}

/** One character a byte. */
function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function readHttpHead(bytes: Uint8Array, random: Random): void {
  httpRequestStart(bytes);
  assert.equal(httpHead(pieces(bytes, 1 + below(40, random), random)), httpHead([bytes]));
}

/** What was read, and what follows it. */
function httpHead(chunks: readonly Uint8Array[]): string {
  const reader = new HttpHeadReader();
  for (const [index, chunk] of chunks.entries()) {
    const read = reader.push(chunk);
    if (read === 'more') continue;
    if (read instanceof WeirError) return read.code;
    const { headers, ...first } = read.head;
    const rest = asText(joined([read.rest, ...chunks.slice(index + 1)]));
    return `${Object.values(first).join(' ')}|${[...headers].join('|')}|${rest}`;
  }
  return 'more';
}

function readBase64(bytes: Uint8Array, random: Random): void {
  const whole = new Base64Stream().push(bytes);
  assert.ok(whole.length <= (bytes.length * 3) / 4);
  const stream = new Base64Stream();
  const parts = pieces(bytes, 1 + below(30, random), random).map((piece) => stream.push(piece));
  assert.equal(Buffer.compare(joined(parts), whole), 0);
}

/** Offsets lie in the packet, and a packet that is made ours keeps everything but its numbers. */
function readRtp(packet: Uint8Array): void {
  const header = parseRtpHeader(packet);
  if (header === undefined) return;
  const { payloadOffset, payloadLength } = header;
  assert.ok(payloadOffset >= 12 && payloadLength >= 0 && payloadOffset + payloadLength <= packet.length);
  const ours = { payloadType: 101, sequence: 65_535, timestamp: 2 ** 32 - 1, ssrc: 3 };
  const copy = packet.slice();
  rewriteRtpHeader(copy, ours);
  assert.deepEqual(parseRtpHeader(copy), { ...header, ...ours });
}

/** One that lasts: packets in any order, doubled and damaged; what came is given out, dropped as doubled, or one of the few that wait. */
function udpTrack(): (packet: Uint8Array, random: Random) => void {
  const window = new ReorderWindow();
  const faults = { malformedPackets: 0, doubledPackets: 0, latePackets: 0, sequenceRestarts: 0, ssrcChanges: 0 };
  const receiver = new RtpReceiver(90_000, faults);
  let nowMs = 0;
  let came = 0;
  let gone = 0;
  let sequence = 0;
  return (packet, random) => {
    const out: Uint8Array[] = [];
    const step = random() < 0.01 ? below(65_536, random) : below(6, random) - 1;
    sequence = (sequence + step) & 0xffff;
    // Half of them carry numbers that follow: otherwise nothing ever would.
    const numbered = packet.slice();
    if (random() < 0.5 && numbered.length > 3) numbered.set([sequence >> 8, sequence & 255], 2);
    nowMs += below(20, random);
    window.push(numbered, nowMs, out);
    came += 1;
    if (random() < 0.1) window.expire(nowMs, out);
    if (random() < 0.001) window.flush(out);
    for (const one of out) {
      const lost = receiver.push(one, nowMs);
      assert.ok(lost === undefined || (lost >= 0 && lost <= 0xffff));
    }
    gone += out.length;
    const waiting = came - gone - window.doubled;
    assert.ok(waiting >= 0 && waiting < REORDER_WINDOW_PACKETS, `${waiting} wait`);
    assert.equal(window.dueMs === undefined, waiting === 0);
    assert.ok((window.dueMs ?? nowMs) <= nowMs + REORDER_WINDOW_MS);
    if (random() < 0.05) checkReport(receiver, nowMs);
  };
}

function checkReport(receiver: RtpReceiver, nowMs: number): void {
  const report = receiver.takeReport(nowMs);
  if (report === undefined) return;
  const [block] = parseRtcp(writeReceiverReport(1, [report], 'weir')).packets;
  assert.deepEqual(block?.kind === 'receiver-report' && block.reports, [report]);
  receiver.senderReport(1, 2, nowMs);
}

function readRtcp(bytes: Uint8Array): void {
  const { packets, malformed } = parseRtcp(bytes);
  assert.ok(4 * packets.length <= bytes.length && malformed <= packets.length + 1 + bytes.length / 4);
  for (const packet of packets) {
    const { length } = packet.kind === 'goodbye' ? packet.ssrcs : 'reports' in packet ? packet.reports : packet.cnames;
    assert.ok(length <= 31);
  }
}
