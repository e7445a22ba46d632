/** Big-endian fields of one box, in order. What lies past the box is `mp4-invalid`, never bytes of its neighbour. */
import type { Box } from './boxes.ts';
import { invalid } from './boxes.ts';

export class Fields {
  readonly #box: Box;
  readonly #view: DataView;
  #at: number;

  constructor(box: Box) {
    this.#box = box;
    this.#view = new DataView(box.bytes.buffer, box.bytes.byteOffset, box.bytes.byteLength);
    this.#at = box.content;
  }

  /** Offset in the box's bytes. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#box.end - this.#at;
  }

  /** Reads version and flags of a full box. */
  full(): { readonly version: number; readonly flags: number } {
    const word = this.u32();
    return { version: word >>> 24, flags: word & 0xff_ffff };
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** Refuses what a number cannot hold exactly. */
  u64(): number {
    const value = this.u32() * 2 ** 32 + this.u32();
    if (!Number.isSafeInteger(value)) throw invalid(this.#box.path, this.#at - 8, `a value of ${value}`);
    return value;
  }

  i64(): number {
    const value = this.i32() * 2 ** 32 + this.u32();
    if (!Number.isSafeInteger(value)) throw invalid(this.#box.path, this.#at - 8, `a value of ${value}`);
    return value;
  }

  /** 64 bits in version 1, 32 in version 0. */
  word(version: number): number {
    return version === 1 ? this.u64() : this.u32();
  }

  type(): string {
    const at = this.#take(4);
    return String.fromCharCode(...this.#box.bytes.subarray(at, at + 4));
  }

  /** A view. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#box.bytes.subarray(at, at + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A count of entries of `entrySize` bytes each that must all lie in the box. */
  count(entrySize: number): number {
    const count = this.u32();
    if (count * entrySize > this.left)
      throw invalid(this.#box.path, this.#at - 4, `${count} entries in ${this.left} bytes`);
    return count;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length < 0 || at + length > this.#box.end) throw invalid(this.#box.path, at, 'a box that is too short');
    this.#at = at + length;
    return at;
  }
}
