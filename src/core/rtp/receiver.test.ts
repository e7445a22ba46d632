import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { parseRtpHeader, writeRtpHeader } from './packet.ts';
import { REORDER_WINDOW_PACKETS, RtpReceiver } from './receiver.ts';

/** What came out: sequence numbers, with `-n` where n packets are said to be lost before. */
type Row = readonly [name: string, window: number, pushed: readonly number[], out: string];

const ROWS: readonly Row[] = [
  ['in order', 4, [1, 2, 3], '1 2 3'],
  ['over the wrap', 4, [65534, 65535, 0, 1], '65534 65535 0 1'],
  ['two swapped', 4, [1, 3, 2, 4], '1 2 3 4'],
  ['swapped over the wrap', 4, [65535, 1, 0, 2], '65535 0 1 2'],
  ['one lost', 2, [1, 3, 4, 5, 6], '1 -1 3 4 5 6'],
  ['two holes', 2, [1, 3, 5, 7, 9], '1 -1 3 -1 5'],
  ['hole at the end is waited for', 4, [1, 3, 4], '1'],
  ['doubled', 4, [1, 1, 2, 2, 4, 4, 3], '1 2 3 4'],
  ['too late', 1, [1, 3, 4, 2, 5], '1 -1 3 4 5'],
  ['a stray number', 4, [1, 2, 40000, 3, 4], '1 2 3 4'],
  ['a new numbering', 4, [1, 2, 40000, 40001, 40002], '1 2 -1 40000 40001 40002'],
  ['TCP: lost', 0, [1, 2, 5, 6], '1 2 -2 5 6'],
  ['TCP: doubled', 0, [1, 2, 2, 3], '1 2 3'],
  ['TCP: a group sent again', 0, [1, 2, 3, 1, 2, 3, 4], '1 2 3 4'],
  ['TCP: a new numbering', 0, [1, 2, 40000, 40001], '1 2 -1 40000 40001'],
];

test('order, loss and new numberings', () => {
  for (const [name, window, pushed, out] of ROWS) {
    const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: window });
    const seen: string[] = [];
    for (const sequence of pushed) {
      const { packets, lostBefore } = receiver.push(packetOf(sequence), 0);
      if (lostBefore > 0) seen.push(`-${lostBefore}`);
      for (const packet of packets) seen.push(String(parseRtpHeader(packet)?.sequence));
    }
    assert.equal(seen.join(' '), out, name);
  }
});

test('flush gives what was held, a run at a time', () => {
  const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: 8 });
  for (const sequence of [1, 3, 4, 6]) receiver.push(packetOf(sequence), 0);
  assert.deepEqual([receiver.flush(), receiver.flush(), receiver.flush()].map(sequencesOf), [
    [1, [3, 4]],
    [1, [6]],
    [0, []],
  ]);
  assert.equal(receiver.counts.lost, 2);
});

test('an SSRC a GOP is no interruption and no loss', () => {
  const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: 0 });
  const out = [packetOf(1, 7), packetOf(2, 7), packetOf(900, 8), packetOf(901, 8)].map((packet) =>
    receiver.push(packet, 0),
  );
  assert.deepEqual(out.map(sequencesOf), [
    [0, [1]],
    [0, [2]],
    [0, [900]],
    [0, [901]],
  ]);
  assert.equal(receiver.counts.ssrcChanges, 1);
  assert.equal(receiver.counts.lost, 0);
});

test('what is held at a new SSRC goes out before it', () => {
  const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: 8 });
  for (const sequence of [1, 4, 3]) receiver.push(packetOf(sequence, 7), 0);
  assert.deepEqual(sequencesOf(receiver.push(packetOf(50, 8), 0)), [1, [3, 4, 50]]);
});

test('held packets are copies: the socket may reuse its buffer', () => {
  const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: 8 });
  receiver.push(packetOf(1), 0);
  const reused = packetOf(3);
  receiver.push(reused, 0);
  reused.fill(0);
  assert.deepEqual(sequencesOf(receiver.push(packetOf(2), 0)), [0, [2, 3]]);
});

test('a report counts loss and jitter (RFC 3550 A.3, A.8)', () => {
  const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: 0 });
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

test('any order, any damage: never out of order, never more than was pushed', () => {
  for (const seed of [1, 2, 3]) {
    const random = seededRandom(seed);
    const receiver = new RtpReceiver({ clockRate: 90000, reorderWindow: REORDER_WINDOW_PACKETS });
    let sequence = 65000;
    let pushed = 0;
    let given = 0;
    for (let i = 0; i < 5000; i++) {
      sequence += random() < 0.01 ? Math.floor(random() * 70000) : 1;
      const packet = packetOf((sequence + Math.floor(random() * 8)) % 65536, random() < 0.001 ? 8 : 7);
      if (random() < 0.05) packet[Math.floor(random() * packet.length)] = Math.floor(random() * 256);
      pushed += 1;
      given += receiver.push(random() < 0.05 ? packet.subarray(0, Math.floor(random() * 13)) : packet, i).packets
        .length;
    }
    for (let run = receiver.flush(); run.packets.length > 0; run = receiver.flush()) given += run.packets.length;
    assert.ok(given <= pushed, `seed ${seed}: ${given} of ${pushed}`);
    assert.ok(given > pushed / 4, `seed ${seed}: ${given} of ${pushed}`);
  }
});

function packetOf(sequence: number, ssrc = 7, timestamp = 0): Uint8Array {
  const packet = new Uint8Array(13);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp, ssrc }, false);
  return packet;
}

function sequencesOf(received: { readonly packets: readonly Uint8Array[]; readonly lostBefore: number }): unknown {
  return [received.lostBefore, received.packets.map((packet) => parseRtpHeader(packet)?.sequence)];
}
