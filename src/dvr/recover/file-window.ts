import type { StorageFile } from '../storage/storage.ts';

/** Holds a segment's start, a moof and the head of its mdat, mostly: one read a fragment. */
const WINDOW_BYTES = 16 * 1024;

/** Small reads of a file that is walked through from front to back, its media jumped over. */
export class FileWindow {
  readonly #file: StorageFile;
  #offset = 0;
  #bytes = new Uint8Array(0);

  constructor(file: StorageFile) {
    this.#file = file;
  }

  /** `length` bytes from `offset` on, fewer at the end of the file: a view, until the next call. */
  async bytes(offset: number, length: number): Promise<Uint8Array> {
    const at = offset - this.#offset;
    if (at < 0 || at + length > this.#bytes.length) {
      this.#bytes = Uint8Array.from(await this.#file.read(offset, Math.max(length, WINDOW_BYTES)));
      this.#offset = offset;
    }
    const start = offset - this.#offset;
    return this.#bytes.subarray(start, start + length);
  }
}
