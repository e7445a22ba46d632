/**
 * In which order, and when, the samples of a film are due while it loops: pure. The length of a round is that of the first video track,
 * so that pictures run on at their own distance over the seam; of other tracks, what would pass the seam is left out.
 */
import type { MovieTrack } from '../../core/mp4/read/movie.ts';

export interface DueSample {
  /** Index of the track in the list given. */
  readonly track: number;
  readonly sample: number;
  /** Seconds since the film began for the first time. */
  readonly dueS: number;
  /** On the track's line, which never jumps: ticks of `clockRate`. */
  readonly dtsTicks: number;
  readonly ptsTicks: number;
}

export interface LoopTrack {
  readonly track: MovieTrack;
  /** Ticks a second of what goes out. */
  readonly clockRate: number;
}

/** 'once': every sample of every track, and then the end. */
export type Rounds = 'endless' | 'once';

export class LoopSchedule {
  readonly #lines: readonly TrackLine[];

  /** All tracks have samples. */
  constructor(tracks: readonly LoopTrack[], rounds: Rounds = 'endless') {
    const originS = Math.min(...tracks.map(({ track }) => startS(track)));
    const leading = tracks.find(({ track }) => track.media === 'video') ?? tracks[0];
    const roundS = Math.max(leading === undefined ? 0 : lengthS(leading.track), MIN_ROUND_S);
    this.#lines = tracks.map((loop) => new TrackLine(loop, { originS, roundS, leads: loop === leading, rounds }));
  }

  /** The next sample of all tracks, by decode time; undefined at the end, if there is one. */
  next(): DueSample | undefined {
    let soonest = 0;
    for (let i = 1; i < this.#lines.length; i++) {
      if (this.#dueOf(i) < this.#dueOf(soonest)) soonest = i;
    }
    const line = this.#lines[soonest];
    return line === undefined || line.over ? undefined : { track: soonest, ...line.take() };
  }

  #dueOf(index: number): number {
    return this.#lines[index]?.dueS() ?? Infinity;
  }
}

/** A film of one picture loops ten times a second at most: a schedule must go forward. */
export const MIN_ROUND_S = 0.1;

interface Loop {
  /** Media time at which the film begins: the earliest decode time of its tracks. */
  readonly originS: number;
  readonly roundS: number;
  /** The length of a round is this track's. */
  readonly leads: boolean;
  readonly rounds: Rounds;
}

/** One track on its way through the rounds. */
class TrackLine {
  readonly #track: MovieTrack;
  readonly #clockRate: number;
  readonly #loop: Loop;
  /** Samples of a round. */
  readonly #count: number;
  readonly #decodeShiftTicks: number;
  #round = 0;
  #sample = 0;
  #lastDtsTicks = -1;
  /** Where the sample before ended. */
  #endS = 0;

  constructor({ track, clockRate }: LoopTrack, loop: Loop) {
    this.#track = track;
    this.#clockRate = clockRate;
    this.#loop = loop;
    this.#decodeShiftTicks = decodeShiftTicks(track);
    this.#count = loop.leads || loop.rounds === 'once' ? track.samples.count : this.#countInRound();
  }

  get over(): boolean {
    return this.#loop.rounds === 'once' && this.#round > 0;
  }

  /** When the next sample is due; never, if there is none. */
  dueS(): number {
    if (this.over) return Infinity;
    return this.#timeOf(this.#track.samples.dtsTicks(this.#sample) + this.#decodeShiftTicks);
  }

  take(): Omit<DueSample, 'track'> {
    const { samples, shiftTicks, timescale } = this.#track;
    const sample = this.#sample;
    const dueS = this.dueS();
    const shownS = this.#timeOf(samples.dtsTicks(sample) + samples.compositionTicks(sample) + shiftTicks);
    const dtsTicks = Math.max(Math.round(dueS * this.#clockRate), this.#lastDtsTicks + 1);
    const ptsTicks = Math.max(Math.round(shownS * this.#clockRate), dtsTicks);
    this.#lastDtsTicks = dtsTicks;
    this.#endS = dueS + samples.durationTicks(sample) / timescale;
    this.#step();
    return { sample, dueS, dtsTicks, ptsTicks };
  }

  #timeOf(ticks: number): number {
    return this.#round * this.#loop.roundS + ticks / this.#track.timescale - this.#loop.originS;
  }

  #step(): void {
    this.#sample++;
    if (this.#sample < this.#count) return;
    this.#round++;
    this.#sample = 0;
    if (this.#loop.leads) return;
    // What begins before half of the last frame is over would be heard twice.
    const half = this.#track.samples.durationTicks(0) / this.#track.timescale / 2;
    while (this.#sample < this.#count - 1 && this.dueS() < this.#endS - half) this.#sample++;
  }

  /** Those that begin within a round of the track's own first sample: behind them it begins again. */
  #countInRound(): number {
    const { samples, timescale } = this.#track;
    const endTicks = samples.dtsTicks(0) + this.#loop.roundS * timescale;
    let count = samples.count;
    while (count > 1 && samples.dtsTicks(count - 1) >= endTicks) count--;
    return count;
  }
}

/** The edit list's shift, less the largest negative composition offset: no decode time is later than its presentation time. */
function decodeShiftTicks({ samples, shiftTicks }: MovieTrack): number {
  let least = 0;
  for (let i = 0; i < samples.count; i++) least = Math.min(least, samples.compositionTicks(i));
  return shiftTicks + least;
}

function startS(track: MovieTrack): number {
  return (track.samples.dtsTicks(0) + decodeShiftTicks(track)) / track.timescale;
}

/** Seconds from the first sample's begin to the last one's end, by decode time. */
export function lengthS({ samples, timescale }: MovieTrack): number {
  const last = samples.count - 1;
  return (samples.dtsTicks(last) + samples.durationTicks(last) - samples.dtsTicks(0)) / timescale;
}
