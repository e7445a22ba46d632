/**
 * The timeline of a live stream: runs the fragmenter while somebody needs it, numbers what it cuts, keeps the newest segments in memory
 * and tells its listeners once per fragment. What memory no longer has, the archive answers.
 */
import { createHash } from 'node:crypto';
import { writeInit } from '../core/mp4/write/init.ts';
import { Fragmenter } from './fragmenter.ts';
import { LeaseCounter, lease } from './lease.ts';
import { SenderAdvice } from './sender-advice.ts';
import { SegmentHead } from './timeline-head.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import type { InitTrack } from '../core/mp4/init-track.ts';
import type { AccessUnitFeed } from './access-unit-feed.ts';
import type { Archive } from './archive.ts';
import type { Fragment, InitSegment, SegmentEntry } from './fragment.ts';
import type { EndOfRun, FragmenterHost, SegmentNumbering } from './fragmenter.ts';
import type { LiveTrack } from './relay-track.ts';
import type { Relay } from './relay.ts';
import type { SegmentContent } from './segment-content.ts';
import type { StreamNumbers } from './segment-numbers.ts';
import type { Generation, Lease, Timeline, TimelineHead, TimelineListener } from './timeline.ts';
import type { ClockEpoch } from './track-clock.ts';

/** Six segments are listed; what has left the list stays fetchable as long again, here or in the archive (DESIGN §5). */
export const SEGMENTS_KEPT = 12;
export const SEGMENTS_KEPT_RECORDED = 6;
/** The fragmenter goes on for so long after its last user. */
export const LINGER_MS = 30_000;
/** The longest TARGETDURATION, and the one while the length of a GOP is not known. */
export const TARGET_DURATION_S_MAX = 6;
/** A GOP this much over a whole second still fits it: players round. */
const TARGET_ROUNDING_MS = 100;
/** Audio that was not heard for so long is silent: players that wait for its track get silence, or a set-up without it. */
const AUDIO_SILENT_MS = 3000;
/** How much later than the picture audio may begin without being silent. */
const AUDIO_FIRST_MS = 1000;
/** A camera has two or three: day, night, another resolution. */
const SET_UPS_REMEMBERED = 16;
/** How often it is looked at whether a part is overdue. */
const TICK_MS = 250;
/**
 * Discontinuity numbers count on from the seconds since this moment, so that they grow over restarts without being stored, and stay
 * below 2^31 for players that count in 32 bits.
 */
const DISCONTINUITY_EPOCH_MS = Date.UTC(2026, 0, 1);

export interface LiveTimelineOptions {
  readonly stream: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly relay: Relay;
  readonly feed: AccessUnitFeed;
  readonly numbers: StreamNumbers;
  readonly archive: Pick<Archive, 'segment' | 'init'>;
  readonly partMs: number;
  readonly segmentMs: number;
  readonly recorded: boolean;
  /** Keeps an on-demand source open. */
  readonly demand: (reason: string) => Lease;
}

/** What runs while somebody needs fragments. */
interface Run {
  readonly feed: Lease;
  readonly tick: Timer;
  /** Made for the current tracks at their first unit. */
  cutter: Cutter | undefined;
}

interface Cutter {
  readonly fragmenter: Fragmenter;
  readonly main: LiveTrack;
  readonly audio: LiveTrack | undefined;
}

export class LiveTimeline implements Timeline {
  readonly stream: string;
  readonly #options: LiveTimelineOptions;
  readonly #head: SegmentHead;
  readonly #users = new LeaseCounter((count) => this.#usersChanged(count));
  #listeners: readonly TimelineListener[] = [];
  #run: Run | undefined;
  #linger: Timer | undefined;
  #discontinuities: number;
  /** End of the last fragment: in its span nothing begins before it. */
  #end: EndOfRun | undefined;
  /** Something was given out since the last pause. */
  #flowing = false;
  readonly #advice: SenderAdvice;
  readonly #inits = new Map<string, InitSegment>();

  constructor(options: LiveTimelineOptions) {
    this.#options = options;
    this.stream = options.stream;
    this.#advice = new SenderAdvice(options.stream, options.log);
    this.#discontinuities = Math.max(0, Math.floor((options.clock.utcMs() - DISCONTINUITY_EPOCH_MS) / 1000));
    this.#head = new SegmentHead(this.#discontinuities, keptSegments(options.recorded));
  }

  use(reason: string): Lease {
    const demand = this.#options.demand(reason);
    const user = this.#users.open(reason);
    return lease(() => {
      user.close();
      demand.close();
    });
  }

  users(reason: string): number {
    return this.#users.countOf(reason);
  }

  subscribe(listener: TimelineListener): Lease {
    this.#listeners = [...this.#listeners, listener];
    return lease(() => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    });
  }

  head(): TimelineHead {
    return this.#head.view();
  }

  changed(version: number, signal: AbortSignal): Promise<void> {
    return this.#head.changed(version, signal);
  }

  async segment(number: number): Promise<SegmentContent | undefined> {
    return this.#head.content(number) ?? (await this.#options.archive.segment(this.stream, number));
  }

  async init(hash: string): Promise<Uint8Array | undefined> {
    return this.#head.init(hash) ?? (await this.#options.archive.init(this.stream, hash));
  }

  get bytes(): number {
    return this.#head.bytes;
  }

  /** Tolerated faults, by name: those of the head. */
  get faults(): Readonly<Record<string, number>> {
    return { segmentsDroppedEarly: this.#head.droppedEarly };
  }

  /** Whether older segments can be had from the archive. */
  set recorded(recorded: boolean) {
    this.#head.keep = keptSegments(recorded);
  }

  /** The source is there, or is away: then nothing more is listed. */
  set live(live: boolean) {
    this.#head.live = live;
  }

  /** Closes what is open and gives the rest of the numbers back. */
  async close(): Promise<void> {
    this.#stop();
    this.#head.live = false;
    await this.#options.numbers.close();
  }

  #usersChanged(count: number): void {
    if (count > 0) {
      this.#linger?.cancel();
      this.#linger = undefined;
      this.#start();
    } else {
      this.#linger ??= this.#options.clock.after(LINGER_MS, () => this.#stop());
    }
  }

  #start(): void {
    if (this.#run !== undefined) return;
    const { clock, feed } = this.#options;
    const listener = {
      unit: (track: number, unit: AccessUnit) => this.#unit(track, unit),
      pause: () => this.#pause(),
    };
    // The feed begins inside `subscribe`, with the GOPs in memory, and needs the run to be there.
    let closeFeed: Lease | undefined;
    const tick = clock.every(TICK_MS, () => this.#run?.cutter?.fragmenter.tick(clock.utcMs()));
    this.#run = { feed: lease(() => closeFeed?.close()), tick, cutter: undefined };
    closeFeed = feed.subscribe(listener);
  }

  #stop(): void {
    this.#linger?.cancel();
    this.#linger = undefined;
    const run = this.#run;
    if (run === undefined) return;
    run.feed.close();
    run.tick.cancel();
    run.cutter?.fragmenter.end('unused');
    this.#pause();
    this.#run = undefined;
    this.#head.clear();
    // Nobody watches: constants that no longer fit may change now.
    this.#head.generation = undefined;
    this.#inits.clear();
  }

  /** What comes next does not follow. */
  #pause(): void {
    this.#run?.cutter?.fragmenter.end();
    if (this.#run !== undefined) this.#advice.pace(this.#options.relay.times.pace);
    if (this.#run !== undefined) this.#run.cutter = undefined;
    if (!this.#flowing) return;
    this.#flowing = false;
    for (const listener of this.#listeners) listener.pause();
  }

  #unit(index: number, unit: AccessUnit): void {
    const run = this.#run;
    const { relay } = this.#options;
    if (run === undefined) return;
    const clock = relay.times.track(index);
    const at = clock?.epochAt(unit.dtsTicks);
    const dtsTicks = clock?.utcTicks(unit.dtsTicks);
    if (clock === undefined || at === undefined || dtsTicks === undefined) return;
    const cutter = (run.cutter ??= this.#newCutter((dtsTicks * 1000) / clock.clockRate));
    const track =
      cutter?.main.index === index ? cutter.main : cutter?.audio?.index === index ? cutter.audio : undefined;
    if (cutter === undefined || track === undefined) return;
    const timed = { unit, dtsTicks, ptsTicks: dtsTicks + unit.ptsTicks - unit.dtsTicks, at };
    if (track !== cutter.main) return cutter.fragmenter.pushAudio(timed);
    cutter.fragmenter.pushMain(timed);
  }

  /** `sinceUtcMs`: where the run begins, which may lie some seconds back, in the GOPs. */
  #newCutter(sinceUtcMs: number): Cutter | undefined {
    const { relay, partMs, segmentMs } = this.#options;
    const { main, tracks } = relay;
    if (main?.codec?.timeline !== true) return undefined;
    const audio = main.format.media === 'audio' ? undefined : tracks.find(isCarriedAudio);
    const fragmenter = new Fragmenter({
      partMs,
      segmentMs,
      mainClockRate: main.format.clockRate,
      audioClockRate: audio?.format.clockRate,
      host: this.#host(main, audio, sinceUtcMs),
    });
    return { fragmenter, main, audio };
  }

  #host(main: LiveTrack, audio: LiveTrack | undefined, sinceUtcMs: number): FragmenterHost {
    const { clock, relay } = this.#options;
    const audioSilent = (): boolean => {
      const heardMs = audio?.lastArrivalMs;
      return heardMs === undefined
        ? clock.utcMs() - sinceUtcMs > AUDIO_FIRST_MS
        : clock.monoMs() - heardMs > AUDIO_SILENT_MS;
    };
    return {
      beginSegment: (discontinuity) => this.#beginSegment(discontinuity),
      targetMs: () => this.#targetMs,
      gopMs: () => (main.format.media === 'video' ? relay.gopCache.gopMs : undefined),
      audio: () => {
        const parameters = audio?.format.parameters;
        if (parameters?.silence !== undefined) return parameters;
        return audio?.lastArrivalMs === undefined || audioSilent() ? undefined : parameters;
      },
      audioSilent,
      endOf: (span) => (this.#end?.span === span ? this.#end : undefined),
      init: (tracks) => this.#init(tracks),
      fragment: (fragment, at) => this.#fragment(fragment, at),
      segment: (entry) => this.#segment(entry),
      cutByTime: () => this.#advice.cutByTime(relay.gopCache.gopMs, this.#targetMs),
    };
  }

  get #targetMs(): number {
    return (this.#head.generation?.targetDurationS ?? TARGET_DURATION_S_MAX) * 1000;
  }

  #beginSegment(discontinuity: boolean): SegmentNumbering | undefined {
    const number = this.#options.numbers.take();
    if (number === undefined) return undefined;
    if (discontinuity) this.#discontinuities++;
    return { number, discontinuityNumber: this.#discontinuities };
  }

  #fragment(fragment: Fragment, at: ClockEpoch): void {
    this.#flowing = true;
    const main = fragment.tracks[0];
    if (main !== undefined) {
      const endTicks = main.startTicks + main.durationTicks;
      this.#end = { ...at, utcMs: (endTicks * 1000) / main.timescale };
    }
    this.#head.fragment(fragment);
    for (const listener of this.#listeners) listener.fragment(fragment);
  }

  #segment(entry: SegmentEntry): void {
    this.#advice.pace(this.#options.relay.times.pace);
    this.#head.generation ??= this.#nextGeneration(entry);
    this.#head.segment(entry);
    for (const listener of this.#listeners) listener.segment(entry);
  }

  /** The constants of the list that begins with this segment: those of the last one, if they still fit. */
  #nextGeneration(first: SegmentEntry): Generation {
    const { numbers, segmentMs, relay } = this.#options;
    const target = targetDurationS(segmentMs, relay.gopCache.gopMsMax, first.durationMs);
    const last = numbers.generation;
    if (last !== undefined && target <= last.targetDurationS && last.targetDurationS <= target + 1) return last;
    const generation = { number: (last?.number ?? 0) + 1, targetDurationS: target };
    numbers.saveGeneration(generation);
    return generation;
  }

  #init(tracks: readonly InitTrack[]): InitSegment {
    const key = tracks.map(({ timescale, parameters }) => `${timescale} ${identityOf(parameters)}`).join('\n');
    let init = this.#inits.get(key);
    if (init === undefined) {
      const bytes = writeInit(tracks);
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
      init = { hash, bytes, tracks };
      if (this.#inits.size >= SET_UPS_REMEMBERED) this.#inits.clear();
      this.#inits.set(key, init);
    }
    return init;
  }
}

/** Whole seconds: a multiple of the GOP near the segment that is wanted, within what a list may have. */
export function targetDurationS(segmentMs: number, gopMs: number | undefined, firstMs: number): number {
  if (gopMs === undefined) return TARGET_DURATION_S_MAX;
  const gops = Math.max(1, Math.round(segmentMs / gopMs));
  const wanted = Math.ceil((gops * gopMs - TARGET_ROUNDING_MS) / 1000);
  return Math.min(TARGET_DURATION_S_MAX, Math.max(1, wanted, Math.round(firstMs / 1000)));
}

function isCarriedAudio({ codec }: LiveTrack): boolean {
  return codec?.media === 'audio' && codec.timeline;
}

function keptSegments(recorded: boolean): number {
  return recorded ? SEGMENTS_KEPT_RECORDED : SEGMENTS_KEPT;
}

function identityOf(parameters: CodecParameters): string {
  return `${parameters.codec} ${parameters.identity}`;
}
