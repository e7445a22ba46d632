/**
 * The live packets of one stream: takes what a source delivers, attempt after attempt, and hands it on in batches as one line without
 * an end. Its readers outlive its sources: the same tracks again and they see a gap in time, other tracks and they are told to come again.
 */
import { WeirError } from '../core/errors.ts';
import { GopCache } from './gop-cache.ts';
import { LiveKeyFrames } from './live-key-frames.ts';
import { RelayReaders } from './relay-readers.ts';
import { BATCH_MS_MAX, LiveTrack } from './relay-track.ts';
import { squeeze } from './squeeze.ts';
import { StreamClock } from './stream-clock.ts';
import { mainIndex, matchTracks } from './track-order.ts';
import type { Clock } from '../base/clock.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { Batch } from './batch.ts';
import type { Gop } from './gop-cache.ts';
import type { SourceSink, TrackSink } from './source.ts';
import type { Attachment, RelayReader, SenderClock, StartMode, TrackStatus } from './stream.ts';

export interface RelayListener {
  /** After the batch is among the GOPs in memory and readers have it. */
  batch(batch: Batch): void;
  /** The first packet of an attempt. */
  media(): void;
  /** What was delivered so far has ended: the source is gone, or its tracks are others. */
  pause(): void;
  /** Tracks were announced, or a format became complete or another. */
  formats(): void;
}

/** One attempt of a source. */
export interface RelayAttempt {
  readonly sink: SourceSink;
  /** Nothing that the sink is given afterwards is taken. Idempotent. */
  end(): void;
}

interface Attempt {
  /** The newest; all others are deaf. */
  open: boolean;
  /** Its first packet is there. */
  started: boolean;
}

/** What belongs to one list of tracks. */
interface Lineup {
  readonly tracks: readonly LiveTrack[];
  readonly main: LiveTrack | undefined;
  readonly clock: StreamClock;
  readonly gops: GopCache;
  readonly keyFrames: LiveKeyFrames | undefined;
}

export interface RelayOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly listener: RelayListener;
}

/** A reader is not sent more of a GOP at once: it would be busy with it for longer than the next key frame is away, mostly. */
export const START_MS_MAX = 60_000;
/** More tracks than any camera sends; the rest is left out. */
export const TRACKS_MAX = 16;

export class Relay {
  readonly readers = new RelayReaders();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #listener: RelayListener;
  #lineup: Lineup;
  #attempt: Attempt | undefined;
  /** The GOP in hand as copies made to end at its tip: all who come before the next batch share it. */
  #squeezed: { readonly tip: Batch; readonly batches: readonly Batch[] } | undefined;
  #timerArmed = false;

  constructor(options: RelayOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#listener = options.listener;
    this.#lineup = this.#newLineup([]);
  }

  get tracks(): readonly LiveTrack[] {
    return this.#lineup.tracks;
  }

  /** The track that leads: the first picture, or else the first track that we can unpack. */
  get main(): LiveTrack | undefined {
    return this.#lineup.main;
  }

  /** The times of the current tracks. */
  get times(): StreamClock {
    return this.#lineup.clock;
  }

  get gopCache(): GopCache {
    return this.#lineup.gops;
  }

  get anchored(): boolean {
    return this.#lineup.clock.anchored;
  }

  /** `faults`: those that show elsewhere, counted with the main track. */
  status(faults: Readonly<Record<string, number>> = {}): readonly TrackStatus[] {
    const { tracks, gops } = this.#lineup;
    const nowMs = this.#clock.monoMs();
    const ofMain = { oversizedGops: gops.oversized, endlessPictures: gops.endless, ...faults };
    return tracks.map((track) => track.status(nowMs, track.main ? ofMain : {}));
  }

  gops(): readonly Batch[] {
    return this.#lineup.gops.all();
  }

  keyFrame(): AccessUnit | undefined {
    const keyed: readonly Gop[] = this.#lineup.gops.keyed();
    return this.#lineup.keyFrames?.newest(keyed);
  }

  /** Begins an attempt; one before it is over. */
  begin(): RelayAttempt {
    this.#end(this.#attempt);
    const attempt: Attempt = { open: true, started: false };
    this.#attempt = attempt;
    return { sink: { announce: (formats) => this.#announce(attempt, formats) }, end: () => this.#end(attempt) };
  }

  attach(reader: RelayReader, start: StartMode): Attachment {
    const burst = this.#burst(start);
    return { burst, ...this.readers.attach(reader, burst.length === 0) };
  }

  senderClock(index: number): SenderClock | undefined {
    const ntpUtcMs = this.#clock.utcMs();
    const ticks = this.#lineup.clock.ticksAt(index, ntpUtcMs);
    return ticks === undefined ? undefined : { ntpUtcMs, rtpTimestamp: ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32 };
  }

  #burst(start: StartMode): readonly Batch[] {
    const newest = this.#lineup.gops.newest();
    switch (start) {
      case 'live':
        return this.#squeezedTo(newest);
      case 'gop':
        return newest;
      case 'key':
        return [];
      default:
        return start satisfies never;
    }
  }

  #squeezedTo(gop: readonly Batch[]): readonly Batch[] {
    const tip = gop.at(-1);
    if (tip === undefined || tip.arrivalMs - (gop[0]?.arrivalMs ?? 0) > START_MS_MAX) return [];
    if (this.#squeezed?.tip === tip) return this.#squeezed.batches;
    const batches = squeeze(
      gop,
      (track) => this.tracks[track]?.format.clockRate ?? 1,
      (track) => this.tracks[track]?.format.media === 'video',
    );
    this.#squeezed = { tip, batches };
    return batches;
  }

  #announce(attempt: Attempt, formats: readonly TrackFormat[]): readonly TrackSink[] {
    const used = formats.slice(0, TRACKS_MAX);
    const tracks = attempt.open ? this.#lineUp(attempt, used) : [];
    if (attempt.open) this.#listener.formats();
    return formats.map((_, i) => this.#trackSink(attempt, tracks[i]));
  }

  /** The tracks on which these formats go on, in the same order: those that there are if they are of the same kinds, else new ones. */
  #lineUp(attempt: Attempt, formats: readonly TrackFormat[]): readonly LiveTrack[] {
    const before = this.tracks;
    const order =
      before.length === 0
        ? undefined
        : matchTracks(
            before.map(({ format }) => format),
            formats,
          );
    if (order !== undefined) {
      return order.flatMap((index, i) => {
        const [track, format] = [before[index], formats[i]];
        if (track === undefined || format === undefined) return [];
        track.update(format);
        return [track];
      });
    }
    this.#interrupt();
    this.#lineup = this.#newLineup(formats, this.times);
    attempt.started = false;
    if (before.length > 0) this.readers.end(new WeirError('tracks-changed', 'The stream has other tracks now'));
    return this.tracks;
  }

  #newLineup(formats: readonly TrackFormat[], before?: StreamClock): Lineup {
    const main = mainIndex(formats);
    const tracks = formats.map(
      (format, index) =>
        new LiveTrack({
          index,
          format,
          main: index === main,
          random: this.#random,
          utcOf: (monoMs) => this.#clock.utcMs() - (this.#clock.monoMs() - monoMs),
          onBatch: (batch, track) => this.#batch(batch, track),
          onFormat: () => this.#listener.formats(),
          onRate: (arrivalMs) => this.times.rateChanged(index, arrivalMs),
        }),
    );
    const leader = tracks[main];
    const rates = formats.map((format) => format.clockRate);
    const everyFrameKey = leader?.codec === undefined || leader.format.media !== 'video';
    const mainClockRate = leader?.format.clockRate ?? 1;
    return {
      tracks,
      main: leader,
      clock: new StreamClock(rates, main, before),
      gops: new GopCache({ mainTrack: main, mainClockRate, everyFrameKey }),
      keyFrames: leader === undefined ? undefined : new LiveKeyFrames(leader),
    };
  }

  #trackSink(attempt: Attempt, track: LiveTrack | undefined): TrackSink {
    const takes = (): boolean => attempt.open && track !== undefined && this.#lineup.tracks[track.index] === track;
    return {
      packet: (packet, arrivalMs, lostBefore) => {
        if (!takes()) return;
        if (!attempt.started) this.#start(attempt, arrivalMs);
        track?.packet(packet, arrivalMs, lostBefore);
      },
      accessUnit: (unit, arrivalMs) => {
        if (!takes()) return;
        if (!attempt.started) this.#start(attempt, arrivalMs);
        track?.accessUnit(unit, arrivalMs);
      },
      senderReport: (ntpUtcMs, rtpTimestamp) => {
        if (takes()) track?.senderReport(ntpUtcMs, rtpTimestamp, this.#lineup.clock);
      },
      goodbye: () => {
        if (takes()) track?.goodbye();
      },
      flush: () => {
        if (takes() && track?.flush() === true) this.#armTimer();
      },
    };
  }

  /** The first packet of an attempt: all tracks go on from where the wall clock has brought them. */
  #start(attempt: Attempt, arrivalMs: number): void {
    attempt.started = true;
    const { tracks, clock, gops } = this.#lineup;
    const utcMs = clock.utcAt(arrivalMs);
    for (const track of tracks) {
      if (track.lastArrivalMs === undefined) continue;
      const passed = ((arrivalMs - track.lastArrivalMs) * track.format.clockRate) / 1000;
      const byClock = utcMs === undefined ? undefined : clock.ticksOfArrival(track.index, utcMs);
      const ticks = byClock ?? track.ticks + Math.round(passed);
      track.resume(Math.max(ticks, track.ticks + track.intervalTicks), arrivalMs);
    }
    clock.restart(utcMs);
    gops.restart();
    this.#listener.media();
  }

  #batch(batch: Batch, track: LiveTrack): void {
    const { clock, gops } = this.#lineup;
    clock.observe(batch.track, batch.ticks, batch.arrivalMs, batch.arrivalUtcMs, track.main && batch.key);
    gops.push(batch);
    this.#squeezed = undefined;
    this.readers.deliver(batch, track.main && batch.key);
    this.#listener.batch(batch);
  }

  #end(attempt: Attempt | undefined): void {
    if (attempt?.open !== true) return;
    attempt.open = false;
    this.#interrupt();
  }

  /** What was begun goes out as it is, and nothing follows on it. */
  #interrupt(): void {
    for (const track of this.tracks) track.interrupt();
    this.#lineup.clock.endAttempt(this.tracks.map((track) => track.intervalTicks));
    this.#listener.pause();
    this.#lineup.gops.restart();
    this.#squeezed = undefined;
  }

  /** One timer for all tracks, armed only while something unfinished waits. */
  #armTimer(): void {
    if (this.#timerArmed) return;
    this.#timerArmed = true;
    this.#clock.after(BATCH_MS_MAX, () => {
      this.#timerArmed = false;
      const now = this.#clock.monoMs();
      let open = false;
      for (const track of this.tracks) open = track.closeOverdue(now) || open;
      if (open) this.#armTimer();
    });
  }
}
