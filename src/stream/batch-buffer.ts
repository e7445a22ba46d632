/**
 * Where the packets of one track are gathered: slabs that are filled from front to back, each batch a view of its piece. What
 * is written once is never written again, so a batch is frozen without being copied; a slab lives as long as one of its batches does.
 */
import { FRAME_HEADER_BYTES } from './framed.ts';

/** Most bytes of one batch, frame headers included; a single packet may be longer. */
export const BATCH_BYTES_MAX = 64 * 1024;

const SLAB_BYTES_MIN = 8 * 1024;
const SLAB_BYTES_MAX = 256 * 1024;
/** A slab holds about so many batches: fewer allocations for more memory held on by the oldest one. */
const BATCHES_A_SLAB = 8;

export class BatchBuffer {
  readonly #channel: number;
  #slab = Buffer.allocUnsafeSlow(0);
  #start = 0;
  #end = 0;
  /** Moving average of batch sizes. */
  #usualBytes = 0;

  constructor(channel: number) {
    this.#channel = channel;
  }

  /** Bytes in the open batch. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies a packet to the end of the open batch, framed; returns where it begins. */
  append(packet: Uint8Array): number {
    const framed = FRAME_HEADER_BYTES + packet.length;
    if (this.#end + framed > this.#slab.length) this.#renew(framed);
    const slab = this.#slab;
    slab[this.#end] = 0x24; // '$'
    slab[this.#end + 1] = this.#channel;
    slab[this.#end + 2] = packet.length >> 8;
    slab[this.#end + 3] = packet.length;
    const at = this.#end + FRAME_HEADER_BYTES;
    slab.set(packet, at);
    this.#end += framed;
    return at;
  }

  /** The packet that `append` just put at `at`: for its header fields, before the batch is closed. */
  view(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#slab.buffer, at, length);
  }

  /** Closes the open batch: a view that nobody writes to any more. */
  take(): Buffer {
    const batch = this.#slab.subarray(this.#start, this.#end);
    this.#usualBytes += (batch.length - this.#usualBytes) / 8;
    this.#start = this.#end;
    return batch;
  }

  /** A fresh slab, with what the open batch holds moved over. */
  #renew(more: number): void {
    const open = this.#slab.subarray(this.#start, this.#end);
    const wanted = Math.max(2 * (open.length + more), BATCHES_A_SLAB * this.#usualBytes);
    const slab = Buffer.allocUnsafeSlow(slabBytes(wanted, open.length + more));
    slab.set(open);
    this.#slab = slab;
    this.#start = 0;
    this.#end = open.length;
  }
}

function slabBytes(wanted: number, needed: number): number {
  const bounded = Math.min(Math.max(wanted, SLAB_BYTES_MIN), SLAB_BYTES_MAX);
  return Math.max(2 ** Math.ceil(Math.log2(bounded)), needed);
}
