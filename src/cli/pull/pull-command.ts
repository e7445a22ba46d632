/** `weir pull URL FILE.mp4`: saves a stream. */
import { existsSync } from 'node:fs';
import { SystemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { redactUrl } from '../../base/redact.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import type { InitTrack } from '../../core/mp4/init-track.ts';
import { Relay } from '../../stream/relay.ts';
import type { PullCommand } from '../command-line.ts';
import { formatText } from '../format-text.ts';
import { random, StopSignal, type ExitCode } from '../outcome.ts';
import { rtspSource } from '../rtsp-source-of.ts';
import { MovieFeed, type MovieTarget } from './movie-feed.ts';
import { MovieWriter, type MovieSample } from './movie-writer.ts';

/** Throws `source-*`, `file-*`, `codec-unsupported`. The file is whole all the same, as far as media came. */
export async function pull(command: PullCommand, log: Log): Promise<ExitCode> {
  if (!command.force && existsSync(command.file))
    throw new WeirError('file-exists', 'There is a file of that name', { place: command.file });
  using stop = new StopSignal();
  const clock = new SystemClock();
  const source = rtspSource(command, clock, log);
  const target = new FileTarget(command);
  const done = new AbortController();
  let failure: unknown;
  const relay: Relay = new Relay({
    clock,
    random,
    listener: {
      batch: (batch) => {
        const track = relay.tracks[batch.track];
        if (track === undefined || failure !== undefined) return;
        try {
          feed.batch(batch, track);
        } catch (error) {
          failure = error;
        }
        if (feed.over || failure !== undefined) done.abort();
      },
      media: () => {},
      pause: () => {},
      formats: () => {},
    },
  });
  const feed = new MovieFeed(relay, target, command.forMs ?? Infinity);
  const attempt = relay.begin();
  try {
    await source.run(attempt.sink, AbortSignal.any([stop.signal, done.signal]));
  } catch (error) {
    failure ??= error;
  }
  attempt.end();
  // Who ends it before anything is known has nothing to be told.
  if (stop.signal.aborted && failure === undefined && relay.tracks.length === 0) return 0;
  try {
    if (failure === undefined || target.begun) feed.end();
  } catch (error) {
    failure ??= error;
  }
  target.close(feed, relay);
  if (failure !== undefined) throw failure;
  return 0;
}

/** The file, which is there once the tracks are known. */
class FileTarget implements MovieTarget {
  readonly #command: PullCommand;
  #writer: MovieWriter | undefined;

  constructor(command: PullCommand) {
    this.#command = command;
  }

  get begun(): boolean {
    return this.#writer !== undefined;
  }

  begin(tracks: readonly InitTrack[], leftOut: readonly TrackFormat[]): void {
    const { file, force, url, forMs } = this.#command;
    this.#writer = MovieWriter.create(file, force, tracks);
    for (const { parameters } of tracks) console.log(`  ${formatText({ ...PLAIN, ...parameters.shape, parameters })}`);
    for (const format of leftOut) console.log(`  ${formatText(format)}: not in the file, MP4 does not hold it`);
    const until = forMs === undefined ? 'Ctrl-C ends it' : `${forMs / 1000} s`;
    console.log(`saves ${redactUrl(url)} into ${file}; ${until}`);
  }

  fragment(samples: readonly (readonly MovieSample[])[]): void {
    this.#writer?.append(samples);
  }

  /** Throws `file-not-written`. */
  close({ written }: MovieFeed, relay: Relay): void {
    if (this.#writer === undefined) return;
    this.#writer.close();
    const lost = relay.status().reduce((sum, track) => sum + track.lost, 0);
    const { frames, damaged, seconds } = written;
    console.log(`saved ${seconds.toFixed(1)} s: ${frames} frames, ${this.#writer.bytes} bytes`);
    if (lost > 0) console.log(`${lost} packets were lost on the way; ${damaged} frames are damaged by it`);
  }
}

const PLAIN = { encoding: '', clockRate: 0, payloadType: 0, fmtp: new Map<string, string>() };
