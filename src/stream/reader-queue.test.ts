import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { READER_PIPE_BYTES, READER_QUEUE_BYTES, READER_STALLED_MS, ReaderQueue } from './reader-queue.ts';

/** A socket that takes what it is allowed to. */
class FakePipe {
  readonly sent: number[] = [];
  writes = 0;
  bufferedBytes = 0;
  room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  write(bytes: Uint8Array | readonly Uint8Array[]): boolean {
    this.writes += 1;
    for (const one of bytes instanceof Uint8Array ? [bytes] : bytes) {
      this.sent.push(one[0] ?? -1);
      this.bufferedBytes += one.length;
    }
    this.take(0);
    return this.bufferedBytes === 0;
  }

  take(bytes: number): void {
    this.room += bytes;
    const taken = Math.min(this.room, this.bufferedBytes);
    this.bufferedBytes -= taken;
    this.room -= taken;
  }
}

const BIG = READER_PIPE_BYTES;

function batch(mark: number, length = 1000): Uint8Array {
  const bytes = new Uint8Array(length);
  bytes[0] = mark;
  return bytes;
}

describe('ReaderQueue', () => {
  it('writes each batch once, as it is, to a reader that keeps up', () => {
    const pipe = new FakePipe();
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([batch(1), batch(2)]);
    for (let i = 3; i < 10; i++) assert.equal(queue.push(batch(i), false), true);
    assert.deepEqual(pipe.sent, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(pipe.writes, 1 + 7);
    assert.equal(queue.writtenBytes, 9000);
    assert.deepEqual(queue.losses, { overflows: 0, batches: 0, bytes: 0 });
  });

  it('without a burst waits for a key frame, uncounted', () => {
    const pipe = new FakePipe();
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([]);
    assert.deepEqual(
      [queue.push(batch(1), false), queue.push(batch(2), true), queue.push(batch(3), false)],
      [false, true, true],
    );
    assert.deepEqual(pipe.sent, [2, 3]);
    assert.equal(queue.losses.batches, 0);
  });

  it('without a burst begins at once where nothing has key frames', () => {
    const pipe = new FakePipe();
    const queue = new ReaderQueue(pipe, false, 0);
    queue.start([]);
    assert.equal(queue.push(batch(1), false), true);
    assert.deepEqual(pipe.sent, [1]);
  });

  it('feeds a burst larger than the limit as the socket drains, live batches behind it', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, true, 0);
    const count = READER_QUEUE_BYTES / BIG + 8;
    queue.start(Array.from({ length: count }, (_, i) => batch(i, BIG)));
    assert.deepEqual(pipe.sent, [0]);
    queue.push(batch(200), false);
    for (let i = 0; i <= count; i++) {
      assert.ok(pipe.bufferedBytes <= 2 * BIG, 'only a little ahead');
      pipe.take(BIG);
      queue.drain();
    }
    assert.deepEqual(pipe.sent, [...Array.from({ length: count }, (_, i) => i), 200]);
    assert.equal(queue.losses.overflows, 0);
    assert.equal(queue.waitingBytes, 0);
  });

  it('over the limit loses everything up to the next key frame, counted (longer queues do not help: mtx#5162)', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([batch(0)]);
    const room = READER_QUEUE_BYTES / BIG;
    // One goes to the pipe, `room` wait, the next is too much.
    for (let i = 1; i <= 1 + room; i++) assert.equal(queue.push(batch(i, BIG), false), true, String(i));
    assert.equal(queue.push(batch(100), false), false);
    assert.deepEqual(queue.losses, { overflows: 1, batches: room + 1, bytes: READER_QUEUE_BYTES + 1000 });
    pipe.take(10 * BIG);
    queue.drain();
    assert.equal(queue.push(batch(101), false), false);
    assert.equal(queue.push(batch(102), true), true);
    assert.equal(queue.push(batch(103), false), true);
    assert.deepEqual(pipe.sent, [0, 1, 102, 103]);
    assert.deepEqual(queue.losses, { overflows: 1, batches: room + 2, bytes: READER_QUEUE_BYTES + 2000 });
  });

  it('a key frame that overflows is itself the start again', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([batch(0, BIG)]);
    while (queue.losses.overflows === 0) queue.push(batch(1, BIG), true);
    pipe.take(4 * BIG);
    queue.drain();
    assert.deepEqual(pipe.sent, [0, 1]);
  });

  it('where nothing has key frames goes on with the next batch', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, false, 0);
    queue.start([batch(0, BIG)]);
    while (queue.losses.overflows === 0) assert.equal(queue.push(batch(1, BIG), false), true);
    assert.equal(queue.waitingBytes, BIG);
  });

  it('never holds more than its limit, whatever the reader does', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([]);
    let random = 12_345;
    for (let i = 0; i < 5000; i++) {
      random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
      queue.push(batch(1, 1 + (random % 65_536)), random % 50 === 0);
      if (random % 7 === 0) {
        pipe.take(random % 300_000);
        queue.drain();
      }
      assert.ok(queue.waitingBytes <= READER_QUEUE_BYTES);
      assert.ok(pipe.bufferedBytes <= 2 * READER_PIPE_BYTES + 65_536);
    }
    assert.ok(queue.losses.overflows > 0);
  });

  it('tells a reader that takes nothing from one that is slow or has nothing to take', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([batch(0, BIG), batch(1, BIG)]);
    assert.equal(queue.stalled(READER_STALLED_MS - 1), false);
    pipe.take(10);
    assert.equal(queue.stalled(READER_STALLED_MS), false, 'took ten bytes');
    assert.equal(queue.stalled(2 * READER_STALLED_MS - 1), false);
    assert.equal(queue.stalled(2 * READER_STALLED_MS), true);
    pipe.take(10 * BIG);
    queue.drain();
    assert.equal(queue.stalled(2 * READER_STALLED_MS + 1), false);
    assert.equal(queue.stalled(9 * READER_STALLED_MS), false, 'nothing waits');
  });

  it('stop forgets what waits', () => {
    const pipe = new FakePipe(0);
    const queue = new ReaderQueue(pipe, true, 0);
    queue.start([batch(0, BIG), batch(1, BIG)]);
    queue.stop();
    pipe.take(BIG);
    queue.drain();
    assert.deepEqual(pipe.sent, [0]);
  });
});
