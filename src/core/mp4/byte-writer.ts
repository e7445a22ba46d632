/** Big-endian fields into a buffer of known size, one after the other. The caller computes the size beforehand: nothing grows. */
export class ByteWriter {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  get at(): number {
    return this.#at;
  }

  u8(value: number): void {
    this.#view.setUint8(this.#at, value);
    this.#at += 1;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  i32(value: number): void {
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  /** Below 2^53. */
  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  /** Four characters of ASCII. */
  type(text: string): void {
    for (let i = 0; i < 4; i++) this.u8(text.charCodeAt(i));
  }

  /** The head of a box: ISO 14496-12 §4.2. */
  box(size: number, type: string): void {
    this.u32(size);
    this.type(type);
  }

  /** The head of a box with version and flags (§4.2.2). */
  fullBox(size: number, type: string, version: number, flags: number): void {
    this.box(size, type);
    this.u32(version * 2 ** 24 + flags);
  }

  raw(part: Uint8Array): void {
    this.bytes.set(part, this.#at);
    this.#at += part.length;
  }
}
