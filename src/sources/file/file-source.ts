/**
 * An MP4 as a camera: its access units in real time, by the clock that is passed in, over and over. Time stamps run on over the
 * loop, so that readers and recordings notice nothing.
 */
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { MAX_ACCESS_UNIT_BYTES } from '../../core/codec/codec.ts';
import type { CodecParameters } from '../../core/codec/codec-parameters.ts';
import { formatFor, parametersFromSampleEntry } from '../../core/codec/registry.ts';
import { nalLengthBytes, unitFromSample } from '../../core/codec/sample.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import type { MovieTrack } from '../../core/mp4/read/movie.ts';
import type { Source, SourceSink, TrackSink } from '../../stream/source.ts';
import type { DueSample, Rounds } from './loop-schedule.ts';
import { lengthS, LoopSchedule, MIN_ROUND_S } from './loop-schedule.ts';
import { MovieFile } from './movie-file.ts';
import { ReadAhead } from './read-ahead.ts';

export interface FileSourceOptions {
  /** Absolute. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For status and logs: 'file:intro.mp4', 'test-pattern'. */
  readonly label: string;
  /** 'once': `run` returns after the last sample. */
  readonly rounds?: Rounds;
}

export class FileSource implements Source {
  readonly kind = 'file';
  readonly label: string;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rounds: Rounds;

  constructor({ path, clock, log, label, rounds = 'endless' }: FileSourceOptions) {
    this.label = label;
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#rounds = rounds;
  }

  /** Throws `source-file-missing`, `mp4-invalid`, `codec-unsupported` (no track has a codec of ours). */
  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    await using file = await MovieFile.open(this.#path);
    const tracks = this.#usableTracks(file.movie.tracks);
    if (tracks.length === 0) {
      throw new WeirError('codec-unsupported', 'The file has no track that can be sent', {
        place: this.#path,
        expected: 'video in H.264, H.265, AV1, VP9 or MPEG-4, or sound in AAC, Opus, MP3 or AC-3',
      });
    }
    if (signal.aborted) return;
    const sinks = sink.announce(tracks.map((track) => track.format));
    await this.#play(file, tracks, sinks, signal);
  }

  #usableTracks(all: readonly MovieTrack[]): readonly FileTrack[] {
    const tracks: FileTrack[] = [];
    for (const track of all) {
      if (track.media === 'other' || track.samples.count === 0) continue;
      this.#refuseRush(track);
      const entries = track.sampleEntries.map((entry) => {
        const parameters = parametersFromSampleEntry(entry);
        return parameters && { parameters, lengthBytes: nalLengthBytes(entry) };
      });
      const first = entries.find((entry) => entry !== undefined);
      if (first === undefined) {
        this.#log.warn(
          { path: this.#path, trackId: track.trackId },
          'a track of the file has no codec that weir sends',
        );
        continue;
      }
      tracks.push({ track, entries, format: formatFor(first.parameters, FIRST_PAYLOAD_TYPE + tracks.length) });
    }
    return tracks;
  }

  /** Samples without durations would all be due at once. */
  #refuseRush(track: MovieTrack): void {
    if (track.samples.count <= MAX_SAMPLES_PER_SECOND * Math.max(lengthS(track), MIN_ROUND_S)) return;
    const message = `MP4: track ${track.trackId} has more than ${MAX_SAMPLES_PER_SECOND} samples a second`;
    throw new WeirError('mp4-invalid', message, { place: this.#path });
  }

  async #play(
    file: MovieFile,
    tracks: readonly FileTrack[],
    sinks: readonly TrackSink[],
    signal: AbortSignal,
  ): Promise<void> {
    const lines = tracks.map(({ track, format }) => ({ track, clockRate: format.clockRate }));
    const schedule = new LoopSchedule(lines, this.#rounds);
    const readers = tracks.map(() => new ReadAhead(file));
    let startMs = this.#clock.monoMs();
    while (!signal.aborted) {
      const due = schedule.next();
      if (due === undefined) return;
      const track = tracks[due.track];
      const sample = await readSample(track, due, readers[due.track]);
      const waitMs = startMs + due.dueS * 1000 - this.#clock.monoMs();
      // After a halt of the process the film goes on from where it was: nobody wants the backlog.
      if (waitMs < -MAX_LAG_MS) startMs -= waitMs;
      if (waitMs > 0) await delay(this.#clock, waitMs, signal);
      if (!signal.aborted) this.#deliver(track, due, sample, sinks[due.track]);
    }
  }

  #deliver(
    track: FileTrack | undefined,
    due: DueSample,
    sample: Uint8Array | undefined,
    sink: TrackSink | undefined,
  ): void {
    const entry = track?.entries[track.track.samples.entry(due.sample)];
    if (entry === undefined || sample === undefined) return;
    const unit = unitFromSample(sample, entry.parameters, due, entry.lengthBytes);
    if (unit === undefined) {
      this.#log.debug({ path: this.#path, sample: due.sample }, 'a sample of the file cannot be used');
      return;
    }
    sink?.accessUnit(unit, this.#clock.monoMs());
    sink?.flush();
  }
}

interface FileTrack {
  readonly track: MovieTrack;
  readonly format: TrackFormat;
  /** Of each sample entry; undefined: no codec of ours. */
  readonly entries: readonly ({ readonly parameters: CodecParameters; readonly lengthBytes: number } | undefined)[];
}

/** RFC 3551 §6: dynamic payload types begin here. */
const FIRST_PAYLOAD_TYPE = 96;
const MAX_LAG_MS = 1000;
/** Four times the densest real thing: AAC-LD at 48 kHz has 100 frames a second, a fast camera 240. */
const MAX_SAMPLES_PER_SECOND = 1000;

/** Undefined: a sample that is too large, or that the file no longer (or never) had whole. */
async function readSample(
  track: FileTrack | undefined,
  due: DueSample,
  reader: ReadAhead | undefined,
): Promise<Uint8Array | undefined> {
  const samples = track?.track.samples;
  const size = samples?.size(due.sample) ?? 0;
  if (samples === undefined || size === 0 || size > MAX_ACCESS_UNIT_BYTES) return undefined;
  const sample = await reader?.read(samples.offset(due.sample), size);
  return sample?.length === size ? sample : undefined;
}
