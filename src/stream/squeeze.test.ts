import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from './batch.ts';
import { squeeze } from './squeeze.ts';

const VIDEO = 0;
const AUDIO = 1;
const VIDEO_TOO = 2;
const CLOCK = 90_000;
const MS = 90;

interface Given {
  readonly ms: number;
  readonly key?: boolean;
  readonly frameEnd?: boolean;
  readonly packets?: number;
  readonly track?: number;
}

const rows: readonly { readonly name: string; readonly given: readonly Given[]; readonly ms: readonly number[] }[] = [
  { name: 'nothing', given: [], ms: [] },
  { name: 'no key frame', given: [{ ms: 0 }, { ms: 40 }], ms: [] },
  { name: 'a key frame alone', given: [{ ms: 0, key: true }], ms: [0] },
  {
    name: 'no B-frames: ends at the last',
    given: [{ ms: 0, key: true }, { ms: 40 }, { ms: 80 }, { ms: 120 }],
    ms: [117, 118, 119, 120],
  },
  {
    name: 'only from the last key frame on',
    given: [{ ms: 0, key: true }, { ms: 40 }, { ms: 80, key: true }, { ms: 120 }],
    ms: [119, 120],
  },
  {
    name: 'audio is left out',
    given: [{ ms: 0, key: true }, { ms: 0, track: AUDIO }, { ms: 40 }],
    ms: [39, 40],
  },
  {
    name: 'two pictures: each from its own key frame on',
    given: [
      { ms: 0, key: true },
      { ms: 5, track: VIDEO_TOO },
      { ms: 40 },
      { ms: 45, track: VIDEO_TOO, key: true },
      { ms: 80 },
      { ms: 85, track: VIDEO_TOO },
    ],
    ms: [78, 79, 84, 80, 85],
  },
  {
    name: 'two pictures: nothing of one without a key frame',
    given: [{ ms: 0, key: true }, { ms: 5, track: VIDEO_TOO }, { ms: 40 }, { ms: 45, track: VIDEO_TOO }],
    ms: [39, 40],
  },
  {
    name: 'a frame in several batches keeps one time',
    given: [{ ms: 0, key: true, frameEnd: false }, { ms: 0, packets: 3 }, { ms: 40 }],
    ms: [39, 39, 40],
  },
  {
    name: 'B-frames: presentation order',
    given: [{ ms: 0, key: true }, { ms: 120 }, { ms: 40 }, { ms: 80 }, { ms: 240 }, { ms: 160 }, { ms: 200 }],
    ms: [234, 237, 235, 236, 240, 238, 239],
  },
  {
    name: 'B-frames still to come find their place: what they precede keeps its time',
    given: [{ ms: 0, key: true }, { ms: 120 }, { ms: 40 }, { ms: 80 }, { ms: 240 }],
    ms: [117, 120, 118, 119, 240],
  },
  {
    name: 'an unfinished frame keeps its time, since its rest comes with it',
    given: [{ ms: 0, key: true }, { ms: 40 }, { ms: 80, frameEnd: false }],
    ms: [39, 40, 80],
  },
  {
    name: 'an unfinished key frame alone',
    given: [{ ms: 0, key: true, frameEnd: false }],
    ms: [0],
  },
];

describe('squeeze', () => {
  for (const row of rows) {
    it(row.name, () => {
      const given = batches(row.given);
      const before = given.map((batch) => Buffer.from(batch.buffer));
      const squeezed = run(given);
      assert.deepEqual(
        squeezed.map((batch) => batch.ticks / MS),
        row.ms,
      );
      for (const batch of squeezed) assertPackets(batch);
      given.forEach((batch, index) => assert.deepEqual(batch.buffer, before[index], 'input untouched'));
    });
  }

  it('keeps sequence numbers and wraps the timestamp', () => {
    const given = batches([{ ms: 0, key: true }, { ms: 40 }, { ms: 80 }], 2 ** 32 - 10);
    const squeezed = run(given);
    assert.deepEqual(
      squeezed.map((batch) => [batch.buffer.readUInt16BE(6), batch.buffer.readUInt32BE(8)]),
      [
        [0, 78 * MS - 10],
        [1, 79 * MS - 10],
        [2, 80 * MS - 10],
      ],
    );
  });
});

function run(given: readonly Batch[]): readonly Batch[] {
  return squeeze(
    given,
    () => CLOCK,
    (track) => track !== AUDIO,
  );
}

/** Every packet's timestamp is the batch's. */
function assertPackets(batch: Batch): void {
  let packets = 0;
  for (let at = 0; at < batch.buffer.length; at += 4 + batch.buffer.readUInt16BE(at + 2)) {
    assert.equal(batch.buffer[at], 0x24);
    assert.equal(batch.buffer.readUInt32BE(at + 8), batch.ticks);
    packets++;
  }
  assert.equal(packets, batch.packets);
}

function batches(given: readonly Given[], base = 0): readonly Batch[] {
  let sequence = 0;
  return given.map(({ ms, key = false, frameEnd = true, packets = 1, track = VIDEO }) => ({
    track,
    buffer: Buffer.concat(Array.from({ length: packets }, () => packet(track, sequence++, (ms * MS + base) >>> 0))),
    packets,
    arrivalMs: ms,
    arrivalUtcMs: ms,
    ticks: ms * MS,
    key,
    lostBefore: 0,
    frameEnd,
  }));
}

function packet(track: number, sequence: number, timestamp: number): Buffer {
  const bytes = Buffer.alloc(4 + 12 + 5 + (sequence % 3));
  bytes[0] = 0x24;
  bytes[1] = track * 2;
  bytes.writeUInt16BE(bytes.length - 4, 2);
  bytes.writeUInt16BE(0x80_60, 4);
  bytes.writeUInt16BE(sequence, 6);
  bytes.writeUInt32BE(timestamp, 8);
  return bytes;
}
