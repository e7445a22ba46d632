import assert from 'node:assert/strict';
import { test } from 'node:test';
import { below } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { parseRtpHeader, writeRtpHeader } from './packet.ts';
import { REORDER_WINDOW_MS, REORDER_WINDOW_PACKETS, ReorderWindow } from './reorder-window.ts';

const SEED = Number(process.env['WEIR_SEED'] ?? 20261124);

/** What comes when, what goes out by then; a number alone comes at 0. */
const TABLE: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['in order', [41, 42, 43], [41, 42, 43]],
  ['two swapped', [41, 43, 42, 44], [41, 42, 43, 44]],
  ['one three late', [41, 42, 44, 45, 43, 46], [41, 42, 43, 44, 45, 46]],
  ['over the wrap', [65_534, 0, 65_535, 1], [65_534, 65_535, 0, 1]],
  ['one twice, in its turn', [41, 41, 42], [41, 41, 42]],
  ['one twice while it waits', [41, 43, 43, 42], [41, 42, 43]],
  ['one missing: the rest waits', [41, 43, 44], [41]],
  ['a window without it', [1, ...range(3, 3 + REORDER_WINDOW_PACKETS)], [1, ...range(3, 3 + REORDER_WINDOW_PACKETS)]],
  ['two windows missing', [1, 3, 1 + 2 * REORDER_WINDOW_PACKETS], [1, 3]],
  ['a restart far ahead', [1, 3, 20_000, 20_001], [1, 3, 20_000, 20_001]],
  ['a restart far back', [20_000, 20_002, 5, 6], [20_000, 20_002, 5, 6]],
  ['a little back', [41, 42, 10, 11], [41, 42, 10, 11]],
];

for (const [name, came, expected] of TABLE) {
  test(`order: ${name}`, () => {
    const window = new ReorderWindow();
    const out: Uint8Array[] = [];
    for (const sequence of came) window.push(packetOf(sequence), 0, out);
    assert.deepEqual(out.map(sequenceOf), expected);
  });
}

test('what waits is given out when its time is over, the later one not before its own', () => {
  const window = new ReorderWindow();
  const out: Uint8Array[] = [];
  assert.equal(window.dueMs, undefined);
  window.push(packetOf(1), 0, out);
  window.push(packetOf(3), 10, out);
  window.push(packetOf(6), 40, out);
  assert.equal(window.dueMs, 10 + REORDER_WINDOW_MS);
  window.expire(9 + REORDER_WINDOW_MS, out);
  assert.equal(out.length, 1);
  window.expire(10 + REORDER_WINDOW_MS, out);
  assert.deepEqual(out.map(sequenceOf), [1, 3]);
  assert.equal(window.dueMs, 40 + REORDER_WINDOW_MS);
  // Too late: it goes through, to be counted.
  window.push(packetOf(2), 120, out);
  window.flush(out);
  assert.deepEqual(out.map(sequenceOf), [1, 3, 2, 6]);
  assert.equal(window.dueMs, undefined);
});

test('what is no RTP goes through', () => {
  const out: Uint8Array[] = [];
  const junk = Uint8Array.of(1, 2, 3);
  new ReorderWindow().push(junk, 0, out);
  assert.deepEqual(out, [junk]);
});

test('disorder within the window: everything, once, in order; with loss and doubles too', () => {
  for (let round = 0; round < 30; round++) {
    const random = seededRandom(SEED + round);
    const first = below(0x10000, random);
    const sent = range(0, 2000).filter((i) => i === 0 || random() >= 0.02);
    const arrivals = sent
      .flatMap((i) => (random() < 0.02 ? [i, i] : [i]))
      .map((i, at) => ({ i, at: at === 0 ? -1 : at + (random() < 0.05 ? below(20, random) : 0) }))
      .toSorted((a, b) => a.at - b.at);
    const window = new ReorderWindow();
    const out: Uint8Array[] = [];
    for (const { i, at } of arrivals) {
      window.expire(at, out);
      window.push(packetOf(first + i), at, out);
    }
    window.flush(out);
    const got = out.map((packet) => (sequenceOf(packet) - first) & 0xffff);
    const once = got.filter((i, at) => got.indexOf(i) === at);
    assert.deepEqual(once, sent, `WEIR_SEED=${SEED}, round ${round}`);
    assert.equal(out.length + window.doubled, arrivals.length);
  }
});

function range(from: number, end: number): readonly number[] {
  return Array.from({ length: end - from }, (_, i) => from + i);
}

function packetOf(sequence: number): Uint8Array {
  const packet = new Uint8Array(12);
  writeRtpHeader(packet, { payloadType: 96, sequence: sequence & 0xffff, timestamp: 0, ssrc: 1 }, false);
  return packet;
}

function sequenceOf(packet: Uint8Array): number {
  return parseRtpHeader(packet)?.sequence ?? -1;
}
