import assert from 'node:assert/strict';
import { it } from 'node:test';
import { batchOf } from './fake-stream.ts';
import { Layouts, MAX_SHARED_FRAMINGS } from './layouts.ts';

it('the common layout is the relay’s buffer itself; another is framed once, whoever asks', () => {
  const layouts = new Layouts();
  const first = batchOf(1, 1, false);
  const batch = { ...first, buffer: Buffer.concat([first.buffer, first.buffer]), packets: 2 };
  const before = Buffer.from(batch.buffer);
  assert.equal(layouts.frame(batch, 2), batch.buffer);
  const framed = layouts.frame(batch, 7);
  assert.equal(layouts.frame(batch, 7), framed);
  assert.notEqual(layouts.frame(batch, 8), framed);
  assert.deepEqual([framed[1], framed[105]], [7, 7]);
  assert.deepEqual(framed.subarray(2, 104), before.subarray(2, 104));
  assert.deepEqual(batch.buffer, before, 'the shared buffer is untouched');
});

it('keeps a few framings of a batch; who asks for yet another gets one that nobody keeps', () => {
  const layouts = new Layouts();
  const batch = batchOf(0, 1, false);
  const framed = Array.from({ length: 20 }, (_, i) => layouts.frame(batch, 2 + i));
  const again = framed.filter((buffer, i) => layouts.frame(batch, 2 + i) === buffer);
  assert.equal(again.length, MAX_SHARED_FRAMINGS);
  assert.deepEqual(
    framed.map((buffer) => buffer[1]),
    framed.map((_, i) => 2 + i),
  );
});
