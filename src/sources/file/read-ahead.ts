/**
 * Samples of one track in the order of the file, read in larger pieces: a film of hours is never in memory. Buffers are not used
 * again: what was handed out may be kept.
 */
import type { MovieFile } from './movie-file.ts';

/** Half a second of 4 Mb/s. */
const READ_AHEAD_BYTES = 256 * 1024;

export class ReadAhead {
  readonly #file: MovieFile;
  #start = 0;
  #bytes = new Uint8Array(0) as Uint8Array;

  constructor(file: MovieFile) {
    this.#file = file;
  }

  /** A view; shorter than asked only where the file ends. Throws `source-file-missing`. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#bytes.length) return this.#bytes.subarray(at, at + length);
    this.#bytes = await this.#file.read(offset, Math.max(length, READ_AHEAD_BYTES));
    this.#start = offset;
    return this.#bytes.subarray(0, length);
  }
}
