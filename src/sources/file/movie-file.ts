/** An MP4 on disk, opened for reading by ranges: its boxes are looked at one by one, only `moov` and `moof` are read. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { readRange } from '../../base/read-range.ts';
import { WeirError } from '../../core/errors.ts';
import { invalid, parseBoxHead } from '../../core/mp4/read/boxes.ts';
import { Movie } from '../../core/mp4/read/movie.ts';

/** Two million samples need 40 MB of tables. */
const MAX_MOOV_BYTES = 64 * 1024 * 1024;
const MAX_MOOF_BYTES = 4 * 1024 * 1024;
/** Boxes of one file: a day in fragments of half a second. */
const MAX_FILE_BOXES = 400_000;

export class MovieFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly movie: Movie;
  readonly byteLength: number;

  private constructor(handle: FileHandle, path: string, movie: Movie, byteLength: number) {
    this.#handle = handle;
    this.#path = path;
    this.movie = movie;
    this.byteLength = byteLength;
  }

  /** Throws `source-file-missing` (not there, not readable, not a file) and `mp4-invalid`. */
  static async open(path: string): Promise<MovieFile> {
    const handle = await open(path, 'r').catch((cause: unknown) => {
      throw missing(path, 'The file cannot be opened', cause);
    });
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw missing(path, 'This is not a file');
      const movie = await readMovie((offset, length) => readWhole(handle, path, offset, length), stat.size);
      // A recording may be cut off anywhere: what is whole plays.
      movie.cut(stat.size);
      return new MovieFile(handle, path, movie, stat.size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes of the file, in a buffer of their own: fewer than asked only at its end. Throws `source-file-missing`. */
  read(offset: number, length: number): Promise<Uint8Array> {
    return readWhole(this.#handle, this.#path, offset, Math.max(0, Math.min(length, this.byteLength - offset)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}

type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

async function readMovie(read: ReadRange, fileLength: number): Promise<Movie> {
  let movie: Movie | undefined;
  let offset = 0;
  for (let boxes = 0; offset < fileLength; boxes++) {
    if (boxes === MAX_FILE_BOXES) throw invalid('', offset, `more than ${MAX_FILE_BOXES} boxes`);
    const head = parseBoxHead(await read(offset, Math.min(16, fileLength - offset)), 0);
    if (head === undefined) break;
    const size = Math.min(head.size, fileLength - offset);
    if (head.type === 'moov' && movie === undefined) {
      movie = new Movie(await readBox(read, 'moov', offset, head, size, MAX_MOOV_BYTES));
      if (!movie.fragmented) return movie;
    } else if (head.type === 'moof' && movie !== undefined && head.size <= size) {
      movie.addFragment(await readBox(read, 'moof', offset, head, size, MAX_MOOF_BYTES), offset);
    }
    offset += head.size;
  }
  if (movie === undefined) throw invalid('moov', 0, 'no such box');
  return movie;
}

async function readBox(
  read: ReadRange,
  type: string,
  offset: number,
  head: { readonly headSize: number },
  size: number,
  limit: number,
): Promise<{ bytes: Uint8Array; type: string; path: string; start: number; content: number; end: number }> {
  if (size > limit) throw invalid(type, offset, `${size} bytes, more than ${limit}`);
  const bytes = await read(offset, size);
  return { bytes, type, path: type, start: 0, content: head.headSize, end: size };
}

async function readWhole(handle: FileHandle, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await readRange(handle, offset, length).catch((cause: unknown) => {
    throw missing(path, 'The file cannot be read', cause);
  });
  if (bytes.length < length) throw missing(path, 'The file became shorter while it was read');
  return bytes;
}

function missing(path: string, message: string, cause?: unknown): WeirError {
  const expected = 'an MP4 with H.264 or H.265';
  return new WeirError('source-file-missing', message, {
    place: path,
    expected,
    ...(cause !== undefined && { cause }),
  });
}
