import assert from 'node:assert/strict';
import { test } from 'node:test';
import { videoStream } from '../../test/fixtures/streams/units.ts';
import { codecFor } from '../core/codec/registry.ts';
import { parseRtpHeader, writeRtpHeader } from '../core/rtp/packet.ts';
import type { Batch } from './batch.ts';
import { UDP_PACKET_BYTES, UdpView, type Datagrams } from './udp-view.ts';

const H264 = codecFor('H264');

test('what fits is the relay itself: views of its buffer, its numbers', () => {
  const view = new UdpView(() => H264);
  const batch = batchOf([packetOf(100, 1200), packetOf(101, 30)]);
  const datagrams = view.datagrams(batch);
  assert.deepEqual(datagrams.map(numberOf), [100, 101]);
  assert.ok(datagrams.every(({ buffer }) => buffer === batch.buffer.buffer));
  assert.equal(view.datagrams(batch), datagrams);
});

test('a large packet is cut, what follows is numbered on; the marker is the last piece', () => {
  const view = new UdpView(() => H264);
  const cut = view.datagrams(batchOf([packetOf(65_534, 5000, { padding: 8 })]));
  assert.deepEqual(cut.map(numberOf), [65_534, 65_535, 0, 1]);
  assert.deepEqual(
    cut.map((datagram) => parseRtpHeader(datagram)?.marker),
    [false, false, false, true],
  );
  assert.ok(cut.every((datagram) => datagram.length <= UDP_PACKET_BYTES));
  assert.equal(
    cut.reduce((sum, datagram) => sum + (parseRtpHeader(datagram)?.payloadLength ?? 0) - 2, 0),
    5000 - 1,
  );
  // One lost between, one inside the batch.
  const later = view.datagrams(batchOf([packetOf(0, 30), packetOf(2, 30)]));
  assert.deepEqual(later.map(numberOf), [3, 5]);
  assert.deepEqual(view.datagrams(batchOf([packetOf(9, 30)], 1)).map(numberOf), [9]);
});

test('a burst ends where the live line goes on', () => {
  const view = new UdpView(() => H264);
  view.datagrams(batchOf([packetOf(100, 5000)]));
  const batches = [
    batchOf([packetOf(99, 30)]),
    batchOf([packetOf(7, 3000)], 1),
    batchOf([packetOf(100, 5000)]),
    batchOf([packetOf(101, 3000), packetOf(102, 30)]),
  ];
  const before = batches.map(({ buffer }) => buffer.toString('hex'));
  const burst = view.burst(batches);
  assert.deepEqual(
    batches.map(({ buffer }) => buffer.toString('hex')),
    before,
    'the relay is untouched',
  );
  assert.deepEqual(burst.map(numbers), [[97], [5, 6, 7], [98, 99, 100, 101], [102, 103, 104, 105]]);
  assert.deepEqual(view.datagrams(batchOf([packetOf(103, 30)])).map(numberOf), [106]);
  assert.deepEqual(view.datagrams(batchOf([packetOf(8, 30)], 1)).map(numberOf), [8]);
});

test('what nobody can cut goes out as it is', () => {
  const packet = packetOf(5, 5000);
  assert.deepEqual(numbers(new UdpView(() => undefined).datagrams(batchOf([packet]))), [5]);
  assert.deepEqual(numbers(new UdpView(() => codecFor('MPEG4-GENERIC')).datagrams(batchOf([packet]))), [5]);
});

test('a real stream, sent in packets of 60 KB, comes out whole', () => {
  const stream = videoStream('plain-h265');
  const view = new UdpView(() => stream.codec);
  const packetizer = stream.codec.packetizer(stream.format, 60_000);
  const depacketizer = stream.codec.depacketizer(stream.format);
  let sequence = 0;
  let expected = 0;
  const units = stream.units.flatMap((unit) => {
    const packets = packetizer
      .packetize(unit)
      .map(({ payload, marker }) => rtp(sequence++, unit.ptsTicks, payload, marker));
    return view.datagrams(batchOf(packets)).flatMap((datagram) => {
      const header = parseRtpHeader(datagram);
      assert.ok(header !== undefined && datagram.length <= UDP_PACKET_BYTES && header.sequence === expected++);
      const payload = datagram.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength);
      return depacketizer.push({ payload, marker: header.marker, ticks: header.timestamp, lostBefore: 0 });
    });
  });
  units.push(...depacketizer.flush());
  assert.equal(units.length, stream.units.length);
  assert.ok(expected > sequence);
  assert.deepEqual(
    units.map(({ byteLength, damaged }) => [byteLength, damaged]),
    stream.units.map(({ byteLength }) => [byteLength, false]),
  );
});

function numberOf(datagram: Uint8Array): number | undefined {
  return parseRtpHeader(datagram)?.sequence;
}

function numbers(datagrams: Datagrams): readonly (number | undefined)[] {
  return datagrams.map(numberOf);
}

/** A slice of an H.264 picture that does not start anything, in one NAL unit of so many bytes. */
function packetOf(sequence: number, payloadBytes: number, { padding = 0 } = {}): Uint8Array {
  const payload = new Uint8Array(payloadBytes).fill(0x55);
  payload[0] = 0x41;
  const packet = rtp(sequence, 9000, payload, true);
  if (padding === 0) return packet;
  const padded = new Uint8Array(packet.length + padding);
  padded.set(packet);
  padded[0] = 0xa0;
  padded[padded.length - 1] = padding;
  return padded;
}

function rtp(sequence: number, timestamp: number, payload: Uint8Array, marker: boolean): Uint8Array {
  const packet = new Uint8Array(12 + payload.length);
  writeRtpHeader(packet, { payloadType: 96, sequence: sequence & 0xffff, timestamp, ssrc: 1 }, marker);
  packet.set(payload, 12);
  return packet;
}

function batchOf(packets: readonly Uint8Array[], track = 0): Batch {
  const framed = packets.flatMap((packet) => [
    Uint8Array.of(0x24, 2 * track, packet.length >> 8, packet.length),
    packet,
  ]);
  return {
    track,
    buffer: Buffer.concat(framed),
    packets: packets.length,
    arrivalMs: 0,
    arrivalUtcMs: 0,
    ticks: 9000,
    key: false,
    lostBefore: 0,
    frameEnd: true,
  };
}
