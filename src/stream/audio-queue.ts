/**
 * Audio on its way into fragments: a frame leaves when the next one's time is known, so that the track has no hole: a lost frame
 * makes the one before it longer. It may lag behind the picture and never holds it up.
 */
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import type { Sample, TimedUnit } from './timed-unit.ts';

/** Frames that wait at most: 20 s of AAC at 48 kHz. Past it the oldest is dropped and counted. */
export const AUDIO_FRAMES_WAITING_MAX = 1024;

export class AudioQueue {
  readonly clockRate: number;
  dropped = 0;
  #waiting: TimedUnit[] = [];

  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  push(unit: TimedUnit): void {
    const last = this.#waiting.at(-1);
    if (last !== undefined && unit.dtsTicks <= last.dtsTicks && unit.at.epoch === last.at.epoch) {
      this.dropped++;
      return;
    }
    this.#waiting.push(unit);
    if (this.#waiting.length <= AUDIO_FRAMES_WAITING_MAX) return;
    this.#waiting.shift();
    this.dropped++;
  }

  /** The set-up of the frame that would be next. */
  get parameters(): CodecParameters | undefined {
    return this.#waiting[0]?.unit.parameters;
  }

  /** Forgets what begins before a moment, in ticks of this track. */
  dropBefore(ticks: number, epoch: number): void {
    this.#waiting = this.#waiting.filter((unit) => unit.dtsTicks >= ticks && unit.at.epoch === epoch);
  }

  clear(): void {
    this.#waiting = [];
  }

  /**
   * Takes the frames of one set-up that begin before `endTicks`. The last frame of all stays until its successor comes, unless this is
   * the end of the run: then it gets its nominal length.
   */
  take(endTicks: number, identity: string, endOfRun: boolean): readonly Sample[] {
    const samples: Sample[] = [];
    for (;;) {
      const unit = this.#waiting[0];
      if (unit === undefined || unit.dtsTicks >= endTicks || unit.unit.parameters.identity !== identity) break;
      const durationTicks = this.#durationOf(unit, this.#waiting[1], endOfRun);
      if (durationTicks === undefined) break;
      samples.push({ unit: unit.unit, dtsTicks: unit.dtsTicks, ptsTicks: unit.ptsTicks, durationTicks });
      this.#waiting.shift();
    }
    return samples;
  }

  #durationOf(unit: TimedUnit, next: TimedUnit | undefined, endOfRun: boolean): number | undefined {
    if (next !== undefined && next.at.epoch === unit.at.epoch) return next.dtsTicks - unit.dtsTicks;
    if (next === undefined && !endOfRun) return undefined;
    return nominalTicks(unit, this.clockRate);
  }
}

/** How long an audio frame is by its codec, in ticks of the track. */
export function nominalTicks(unit: TimedUnit, clockRate: number): number {
  const { shape } = unit.unit.parameters;
  if (shape.media !== 'audio') return 1;
  return Math.max(1, Math.round((shape.samplesPerFrame * clockRate) / shape.sampleRate));
}
