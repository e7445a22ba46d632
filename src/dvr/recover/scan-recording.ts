/**
 * Reads what a recording holds from its bytes alone: header, then whole fragments up to the first that is not. Media that was synced is
 * jumped over; beyond that all is read: no block may be missing, and the NAL lengths of video must add up. A trailer proves nothing of the
 * media before it, since both are synced in one; of a file that was synced whole it alone is read.
 *
 *     header  [ styp uuid moof mdat  moof mdat … ]…  [ uuid(samples) mfra ]         the trailer: only of a sealed file
 */
import { WeirError } from '../../core/errors.ts';
import { parseBoxHead, type Box } from '../../core/mp4/read/boxes.ts';
import { parseMoof, type ParsedFragment } from '../../core/mp4/read/fragment.ts';
import { MAX_FILE_HEADER_BYTES, parseFileHeader, type FileHeader } from '../../core/mp4/recording/file-header.ts';
import { TRAILER_TAIL_BYTES, trailerLength } from '../../core/mp4/recording/file-trailer.ts';
import { parseSegmentStart, SEGMENT_START_SIZE } from '../../core/mp4/recording/segment-start.ts';
import { weirBoxAt, WEIR_BOX_HEAD } from '../../core/mp4/recording/weir-boxes.ts';
import type { FileContents } from '../record/file-contents.ts';
import { MAX_READ_BYTES } from '../storage/disk-file.ts';
import type { StorageFile } from '../storage/storage.ts';
import { FileWindow } from './file-window.ts';
import { blockEnd, blockIsLost } from './lost-blocks.ts';
import { nalLengthsFit } from './nal-lengths.ts';
import { emptyContents, readTrailer } from './read-trailer.ts';

/** A part of five seconds at 60 frames a second has one of 5 KB. */
const MAX_MOOF_BYTES = 4 * 1024 * 1024;

export interface ScannedRecording {
  readonly header: FileHeader;
  readonly headerBytes: Uint8Array;
  /** Its segments; the last one may have lost parts. */
  readonly contents: FileContents;
  /** End of the last whole fragment. */
  readonly length: number;
  /** The trailer is there, whole. */
  readonly sealed: boolean;
  /** Why the scan ended before the end of the file; undefined: it did not, or at a trailer that is whole. */
  readonly stopped: string | undefined;
}

/** Undefined: the file has no whole header. `trusted`: bytes that were synced. Throws as StorageFile.read does. */
export async function scanRecording(file: StorageFile, trusted: number): Promise<ScannedRecording | undefined> {
  const headerBytes = new Uint8Array(await file.read(0, MAX_FILE_HEADER_BYTES));
  const header = parsedHeader(headerBytes);
  if (header === undefined) return undefined;
  const trailerAt = await findTrailer(file);
  const found = { header, headerBytes: headerBytes.subarray(0, header.length), sealed: trailerAt !== undefined };
  if (trailerAt !== undefined && trusted >= file.length) {
    const told = await readTrailer(file, header, trailerAt);
    if (told !== undefined) return { ...found, contents: told, length: trailerAt, stopped: undefined };
  }
  const contents = emptyContents(header);
  const { length, stopped } = await new Scan(file, header, contents, trusted).run(trailerAt ?? file.length);
  contents.endSegment();
  return { ...found, contents, length, stopped };
}

function parsedHeader(bytes: Uint8Array): FileHeader | undefined {
  try {
    return parseFileHeader(bytes);
  } catch (error) {
    if (error instanceof WeirError) return undefined;
    throw error;
  }
}

/** Where the trailer of a sealed file begins; undefined if it has none. Throws as StorageFile.read does. */
export async function findTrailer(file: StorageFile): Promise<number | undefined> {
  const tailAt = Math.max(0, file.length - TRAILER_TAIL_BYTES);
  const length = trailerLength(await file.read(tailAt, TRAILER_TAIL_BYTES));
  if (length === undefined || length > file.length) return undefined;
  const at = file.length - length;
  return weirBoxAt(await file.read(at, WEIR_BOX_HEAD), 0) === 'samples' ? at : undefined;
}

class Scan {
  readonly #file: StorageFile;
  readonly #window: FileWindow;
  readonly #contents: FileContents;
  readonly #videoTracks: ReadonlySet<number>;
  readonly #headerLength: number;
  readonly #trusted: number;

  constructor(file: StorageFile, header: FileHeader, contents: FileContents, trusted: number) {
    this.#file = file;
    this.#window = new FileWindow(file);
    this.#contents = contents;
    const video = header.parsed.tracks.filter((track) => track.media === 'video');
    this.#videoTracks = new Set(video.map((track) => track.trackId));
    this.#headerLength = header.length;
    this.#trusted = trusted;
  }

  /** Adds whole fragments up to `end`. */
  async run(end: number): Promise<{ length: number; stopped: string | undefined }> {
    let length = this.#headerLength;
    try {
      while (length < end) {
        const next = await this.#fragment(length, end);
        if (typeof next === 'string') return { length, stopped: next };
        length = next;
      }
      return { length, stopped: undefined };
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'mp4-invalid') throw error;
      return { length, stopped: error.describe() };
    }
  }

  /** Adds the fragment that begins at `start`; returns where it ends, or why it is none. */
  async #fragment(start: number, end: number): Promise<number | string> {
    const segment = parseSegmentStart(await this.#window.bytes(start, SEGMENT_START_SIZE));
    const moofAt = segment === undefined ? start : start + SEGMENT_START_SIZE;
    if (segment === undefined && this.#contents.unfinished === undefined) return 'no start of a segment';
    const head = parseBoxHead(await this.#window.bytes(moofAt, 8), 0);
    if (head === undefined) return 'an unfinished fragment';
    if (head.type !== 'moof' || head.size > MAX_MOOF_BYTES) return 'no fragment';
    const bytes = await this.#window.bytes(moofAt, head.size + 8);
    const mdat = parseBoxHead(bytes, head.size);
    if (mdat === undefined) return 'an unfinished fragment';
    const dataAt = moofAt + head.size + mdat.headSize;
    const fragmentEnd = moofAt + head.size + mdat.size;
    if (mdat.type !== 'mdat' || mdat.size > MAX_READ_BYTES) return 'no media behind a moof';
    if (fragmentEnd > end) return 'an unfinished fragment';
    const box: Box = { bytes, type: 'moof', path: 'moof', start: 0, content: head.headSize, end: head.size };
    const parsed: ParsedFragment = { start, moof: moofAt, end: fragmentEnd, ...parseMoof(box, moofAt) };
    if (!samplesLieIn(parsed, dataAt, fragmentEnd)) return 'samples outside their media';
    if (fragmentEnd > this.#trusted && !(await this.#addsUp(parsed))) return 'media that does not add up';
    if (segment !== undefined) this.#contents.startSegment(segment, start);
    this.#contents.addFragment(parsed, 0);
    return fragmentEnd;
  }

  async #addsUp({ start, end, tracks }: ParsedFragment): Promise<boolean> {
    const data = await this.#file.read(start, blockEnd(end) - start);
    if (data.length < end - start || blockIsLost(data, start, end)) return false;
    return tracks.every(
      (run) =>
        !this.#videoTracks.has(run.trackId) ||
        run.samples.every(({ offset, size }) => nalLengthsFit(data.subarray(offset - start, offset - start + size))),
    );
  }
}

function samplesLieIn(parsed: ParsedFragment, start: number, end: number): boolean {
  return parsed.tracks.every((run) => run.samples.every(({ offset, size }) => offset >= start && offset + size <= end));
}
