/**
 * Writes one MP4 file that can be played whatever happens, and is a plain film in the end.
 *
 *     while it grows   ftyp  free(16)  moov with mvex  moof mdat  moof mdat  …           a fragmented file, whole up to its last fragment
 *     when closed      ftyp  mdat( everything that was behind )                    moov  one plain film
 *
 * Closing appends a `moov` with all samples, and then makes the 16 bytes of `free` the head of an `mdat` that spans what was written: one
 * small write turns the one file into the other. Where that cannot be done (the disk is full), the fragmented file stays.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { WeirError } from '../../core/errors.ts';
import type { MuxableParameters } from '../../core/codec/codec-parameters.ts';
import type { InitTrack } from '../../core/mp4/init-track.ts';
import { GrowingColumns } from '../../core/mp4/read/sample-columns.ts';
import { box, u32, u64 } from '../../core/mp4/write/box.ts';
import { writeFragment, type FragmentSample } from '../../core/mp4/write/fragment.ts';
import { writeInit } from '../../core/mp4/write/init.ts';
import { writeMoov } from '../../core/mp4/write/movie.ts';

export interface MovieSample extends FragmentSample {
  /** Decode time on the line that all tracks share; the first picture's is a little before 0, as it is shown at 0. */
  readonly dtsTicks: number;
  readonly parameters: MuxableParameters;
}

/** Of one track: 44 hours of pictures, 23 of AAC. They cost 30 bytes of memory each. */
export const MAX_MOVIE_SAMPLES = 4_000_000;
/** Set-ups of one track, when the sender changes them. */
export const MAX_MOVIE_ENTRIES = 64;
/** Fragments count decode times from here, as those cannot be negative. */
const FRAGMENT_LEAD_S = 1;

interface Track {
  readonly init: InitTrack;
  readonly samples: GrowingColumns;
  readonly entries: [MuxableParameters, ...MuxableParameters[]];
}

export class MovieWriter {
  readonly #path: string;
  readonly #file: number;
  readonly #tracks: readonly Track[];
  /** Where the placeholder lies, and up to where the file is whole. */
  readonly #freeAt: number;
  #length: number;
  #fragments = 0;

  private constructor(path: string, file: number, tracks: readonly InitTrack[]) {
    this.#path = path;
    this.#file = file;
    this.#tracks = tracks.map((init) => ({ init, samples: new GrowingColumns(), entries: [init.parameters] }));
    const init = writeInit(tracks);
    const ftypBytes = new DataView(init.buffer).getUint32(0);
    this.#freeAt = ftypBytes;
    this.#length = 0;
    this.#append(Buffer.concat([init.subarray(0, ftypBytes), box('free', u64(0)), init.subarray(ftypBytes)]));
  }

  /** `overwrite`: what is there is lost. Throws `file-exists`, `file-not-written`. */
  static create(path: string, overwrite: boolean, tracks: readonly InitTrack[]): MovieWriter {
    const file = openFile(path, overwrite);
    try {
      return new MovieWriter(path, file, tracks);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  get bytes(): number {
    return this.#length;
  }

  /** Samples by track, in the order of decoding: one fragment. Throws `file-not-written`, `limit-reached`; what was written stays playable. */
  append(samples: readonly (readonly MovieSample[])[]): void {
    this.#keepLimits(samples);
    const written = writeFragment({
      sequence: ++this.#fragments,
      tracks: this.#tracks.map(({ init }, i) => ({
        trackId: init.trackId,
        baseDecodeTicks: (samples[i]?.[0]?.dtsTicks ?? 0) + FRAGMENT_LEAD_S * init.timescale,
        samples: samples[i] ?? [],
      })),
    });
    const start = this.#length;
    this.#append(written.bytes);
    for (const [i, track] of this.#tracks.entries()) {
      for (const [j, sample] of (samples[i] ?? []).entries()) {
        const { size, dtsTicks, durationTicks, key } = sample;
        const offset = start + (written.sampleOffsets[i]?.[j] ?? 0);
        const entry = entryOf(track, sample.parameters);
        const compositionTicks = sample.compositionOffsetTicks;
        track.samples.push({ offset, size, dtsTicks, durationTicks, compositionTicks, key, entry });
      }
    }
  }

  /** Makes it a plain film, and closes it. Throws `file-not-written`; then it is a fragmented one. */
  close(): void {
    try {
      const tracks = this.#tracks
        .filter(({ samples }) => samples.count > 0)
        .map(({ init: { trackId, timescale }, entries, samples }) => ({ trackId, timescale, entries, samples }));
      if (tracks.length === 0) return;
      const mediaEnd = this.#length;
      this.#append(writeMoov(tracks));
      // A size of 1: the real one follows in 64 bits (§4.2).
      const head = Buffer.from([...u32(1), ...Buffer.from('mdat', 'latin1'), ...u64(mediaEnd - this.#freeAt)]);
      this.#write(head, this.#freeAt);
    } finally {
      closeSync(this.#file);
    }
  }

  #keepLimits(samples: readonly (readonly MovieSample[])[]): void {
    for (const [i, { samples: before, entries }] of this.#tracks.entries()) {
      const count = before.count + (samples[i]?.length ?? 0);
      if (count > MAX_MOVIE_SAMPLES || entries.length > MAX_MOVIE_ENTRIES) {
        const message = `The film has more than ${MAX_MOVIE_SAMPLES} samples or ${MAX_MOVIE_ENTRIES} set-ups in a track`;
        throw new WeirError('limit-reached', message, { place: this.#path });
      }
    }
  }

  /** All or nothing: what the disk took of it is cut off again. */
  #append(bytes: Uint8Array): void {
    try {
      this.#write(bytes, this.#length);
    } catch (error) {
      ftruncateSync(this.#file, this.#length);
      throw error;
    }
    this.#length += bytes.length;
  }

  #write(bytes: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.#file, bytes, done, bytes.length - done, at + done);
    } catch (error) {
      throw notWritten(this.#path, error);
    }
  }
}

function entryOf({ entries }: Track, parameters: MuxableParameters): number {
  const known = entries.findIndex(({ identity }) => identity === parameters.identity);
  if (known >= 0) return known;
  entries.push(parameters);
  return entries.length - 1;
}

function openFile(path: string, overwrite: boolean): number {
  try {
    const file = openSync(path, overwrite ? 'w+' : 'wx+', 0o644);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new WeirError('file-exists', 'There is a file of that name', { place: path });
    throw notWritten(path, error);
  }
  throw new WeirError('file-not-written', 'This is not a file', {
    place: path,
    expected: 'a file that can be sought in',
  });
}

function notWritten(path: string, cause: unknown): WeirError {
  const code = (cause as NodeJS.ErrnoException).code;
  const message = code === 'ENOSPC' ? 'The disk is full' : `The file cannot be written: ${code}`;
  return new WeirError('file-not-written', message, { place: path, cause });
}
