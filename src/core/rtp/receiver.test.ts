import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, unitSeed } from '../../../test/harness/seeded-random.ts';
import { parseRtpHeader, writeRtpHeader, type RtpHeader } from './packet.ts';
import { RtpReceiver, type ReceiverFaults } from './receiver.ts';

const NO_FAULTS: ReceiverFaults = {
  malformedPackets: 0,
  doubledPackets: 0,
  latePackets: 0,
  sequenceRestarts: 0,
  ssrcChanges: 0,
};

interface Bench {
  readonly receiver: RtpReceiver;
  readonly faults: ReceiverFaults;
}

function bench(): Bench {
  const faults: ReceiverFaults = { ...NO_FAULTS };
  return { receiver: new RtpReceiver(90_000, faults), faults };
}

test('says what is missing before a packet, and counts what it drops', () => {
  const { receiver, faults } = bench();
  const out = [1, 2, 2, 6, 40_000, 40_001].map((sequence) => receiver.push(packetOf(sequence), 0));
  assert.deepEqual(out, [0, 0, undefined, 3, 1, 0]);
  assert.equal(receiver.push(packetOf(1).subarray(0, 11), 0), undefined);
  assert.deepEqual(faults, { ...NO_FAULTS, malformedPackets: 1, doubledPackets: 1, sequenceRestarts: 1 });
});

test('an SSRC a GOP is no interruption and no loss', () => {
  const { receiver, faults } = bench();
  const out = [packetOf(1, 7), packetOf(2, 7), packetOf(900, 8), packetOf(901, 8), packetOf(902, 9)];
  assert.deepEqual(
    out.map((packet) => receiver.push(packet, 0)),
    [0, 0, 0, 0, 0],
  );
  assert.deepEqual([faults.ssrcChanges, faults.sequenceRestarts], [2, 0]);
  const report = receiver.takeReport(0);
  assert.deepEqual([report?.ssrc, report?.cumulativeLost, report?.highestSequence], [9, 0, 902]);
});

test('a restart a little back goes on at its second packet', () => {
  const { receiver, faults } = bench();
  for (let sequence = 1; sequence < 100; sequence++) receiver.push(packetOf(sequence), 0);
  const out = Array.from({ length: 100 }, (_, i) => receiver.push(packetOf(4 + i, 7, 12_345 + i), 0));
  assert.deepEqual([out.slice(0, 3), out.filter((lost) => lost === undefined).length], [[undefined, 1, 0], 1]);
  assert.deepEqual([faults.latePackets, faults.sequenceRestarts], [1, 1]);
  assert.deepEqual(receiver.takeReport(0)?.highestSequence, 103);
});

test('a report counts loss and jitter (RFC 3550 A.3, A.8)', () => {
  const { receiver } = bench();
  assert.equal(receiver.takeReport(0), undefined);
  receiver.senderReport(0x12345678, 0x9abcdef0, 100);
  for (const sequence of [65534, 65535, 0, 2]) receiver.push(packetOf(sequence, 7, sequence * 900), 0);
  receiver.senderReport(0x12345678, 0x9abcdef0, 100);
  const report = receiver.takeReport(600);
  assert.equal(report?.ssrc, 7);
  assert.equal(report?.fractionLost, Math.floor(256 / 5));
  assert.equal(report?.cumulativeLost, 1);
  assert.equal(report?.highestSequence, 65538);
  assert.equal(report?.lastSenderReport, 0x56789abc);
  assert.equal(report?.delaySinceLastSenderReport, 32768);
  assert.ok((report?.jitter ?? 0) > 0);
  const next = receiver.takeReport(700);
  assert.equal(next?.fractionLost, 0);
  assert.equal(next?.cumulativeLost, 1);
});

test('BYE of the sender: nothing is reported until another comes, whose numbers are its own', () => {
  const { receiver, faults } = bench();
  for (const sequence of [1, 2]) receiver.push(packetOf(sequence), 0);
  assert.equal(receiver.goodbye([8]), false);
  assert.equal(receiver.takeReport(0)?.ssrc, 7);
  assert.equal(receiver.goodbye([8, 7]), true);
  assert.equal(receiver.takeReport(0), undefined);
  assert.equal(receiver.goodbye([7]), false);
  assert.equal(receiver.push(packetOf(500), 0), 0);
  assert.equal(receiver.takeReport(0)?.highestSequence, 500);
  assert.deepEqual(faults, NO_FAULTS);
});

test('any order, any damage: all is counted, and what is said to follow follows', () => {
  const seed = unitSeed();
  const random = seededRandom(seed);
  const { receiver, faults } = bench();
  let sequence = 65_000;
  let given = 0;
  let before: RtpHeader | undefined;
  for (let i = 0; i < 5000; i++) {
    sequence += random() < 0.01 ? Math.floor(random() * 70_000) : 1;
    const packet = packetOf((sequence + Math.floor(random() * 8)) % 65_536, random() < 0.001 ? 8 : 7);
    if (random() < 0.05) packet[Math.floor(random() * packet.length)] = Math.floor(random() * 256);
    const taken = random() < 0.05 ? packet.subarray(0, Math.floor(random() * 13)) : packet;
    const lost = receiver.push(taken, i);
    if (lost === undefined) continue;
    given += 1;
    assert.ok(lost >= 0 && lost <= 3000, `WEIR_SEED=${seed}: ${lost}`);
    const header = parseRtpHeader(taken);
    if (lost === 0 && header?.ssrc === before?.ssrc)
      assert.equal(header?.sequence, ((before?.sequence ?? 0) + 1) & 0xffff, `WEIR_SEED=${seed}`);
    before = header;
  }
  assert.equal(given + faults.malformedPackets + faults.doubledPackets + faults.latePackets, 5000, `WEIR_SEED=${seed}`);
  assert.ok(given > 1250, `WEIR_SEED=${seed}: ${given}`);
});

function packetOf(sequence: number, ssrc = 7, timestamp = 9 * sequence): Uint8Array {
  const packet = new Uint8Array(13);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp, ssrc }, false);
  return packet;
}
