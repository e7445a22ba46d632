/**
 * Batches framed for channels other than the common ones (2 × track). Most readers take the common layout and get the relay's buffer
 * itself. One that asks for another channel costs a copy of the batch, which all that ask for the same channel share.
 */
import { reframed } from '../../stream/framed.ts';
import type { Batch } from '../../stream/batch.ts';

/** Kept with a batch. Clients take 0-1 and 2-3, or those swapped, or one track alone on 0-1; past it the copy is the reader's own. */
export const MAX_SHARED_FRAMINGS = 4;

export class Layouts {
  /** By channel. Kept as long as the batch is: by queues, and by the GOPs in memory. */
  readonly #framed = new WeakMap<Batch, Map<number, Buffer>>();

  frame(batch: Batch, channel: number): Buffer {
    if (channel === 2 * batch.track) return batch.buffer;
    let byChannel = this.#framed.get(batch);
    if (byChannel === undefined) {
      byChannel = new Map();
      this.#framed.set(batch, byChannel);
    }
    let framed = byChannel.get(channel);
    if (framed === undefined) {
      framed = reframed(batch.buffer, channel);
      if (byChannel.size < MAX_SHARED_FRAMINGS) byChannel.set(channel, framed);
    }
    return framed;
  }
}
