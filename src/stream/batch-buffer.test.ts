import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchBuffer } from './batch-buffer.ts';

describe('BatchBuffer', () => {
  it('frames packets one after another and never writes to a batch again', () => {
    const buffer = new BatchBuffer(4);
    const batches: Buffer[] = [];
    const expected: string[] = [];
    for (let i = 0; i < 500; i++) {
      let hex = '';
      for (let j = 0; j <= i % 7; j++) {
        const packet = new Uint8Array(1 + ((i * 37 + j * 911) % 3000)).fill(i + j);
        buffer.append(packet);
        hex += `2404${packet.length.toString(16).padStart(4, '0')}${Buffer.from(packet).toString('hex')}`;
      }
      assert.equal(buffer.length, hex.length / 2);
      batches.push(buffer.take());
      expected.push(hex);
    }
    batches.forEach((batch, i) => assert.equal(batch.toString('hex'), expected[i]));
  });

  it('lets header fields of the open batch be written, wherever it moved to', () => {
    const buffer = new BatchBuffer(0);
    for (let i = 0; i < 100; i++) {
      const at = buffer.append(new Uint8Array(1000));
      buffer.view(at, 1000)[999] = i;
    }
    const batch = buffer.take();
    for (let i = 0; i < 100; i++) assert.equal(batch[i * 1004 + 1003], i);
  });

  it('takes a packet longer than any slab', () => {
    const buffer = new BatchBuffer(0);
    for (let i = 0; i < 10; i++) buffer.append(new Uint8Array(65_535).fill(i));
    assert.equal(buffer.take().length, 10 * 65_539);
  });

  it('keeps slabs small for small batches', () => {
    const buffer = new BatchBuffer(2);
    const slabs = new Set<ArrayBufferLike>();
    for (let i = 0; i < 100; i++) {
      buffer.append(new Uint8Array(200));
      slabs.add(buffer.take().buffer);
    }
    assert.ok([...slabs].every((slab) => slab.byteLength <= 8192));
  });
});
