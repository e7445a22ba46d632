/**
 * Audio on its way into fragments: a frame leaves when the next one's time is known, so that the track has no hole: a lost frame
 * makes the one before it longer. It may lag behind the picture and never holds it up. Where it stays away, silence stands for it, up to
 * the frame with which it comes back.
 */
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import type { Sample, TimedUnit } from './timed-unit.ts';
import type { ClockEpoch } from './track-clock.ts';

/** Frames that wait at most: 20 s of AAC at 48 kHz. Past it the oldest is dropped and counted. */
export const AUDIO_FRAMES_WAITING_MAX = 1024;

export class AudioQueue {
  readonly clockRate: number;
  dropped = 0;
  #waiting: TimedUnit[] = [];
  /** End of what was taken, in ticks; undefined at the start of a run. */
  #endTicks: number | undefined;
  /** Where all that was ever taken of a span ends: a run that was broken off may reach a little over the next one's first frame. */
  #taken: { readonly ticks: number; readonly span: number } | undefined;
  /** What was taken last is silence that stands for frames of this epoch. */
  #filling: { readonly epoch: number } | undefined;

  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  push(unit: TimedUnit): void {
    const last = this.#waiting.at(-1);
    const late = this.#filling?.epoch === unit.at.epoch && unit.dtsTicks < (this.#endTicks ?? 0);
    if (late || (last !== undefined && unit.dtsTicks <= last.dtsTicks && unit.at.epoch === last.at.epoch)) {
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

  /** Silence goes on until a frame comes. */
  get filling(): boolean {
    return this.#filling !== undefined;
  }

  /** Forgets what ends before a moment, in ticks of this track; of a frame that is heard across it the rest is taken. */
  dropBefore(ticks: number, epoch: number): void {
    const ofRun = this.#waiting.filter((unit) => unit.at.epoch === epoch);
    this.#waiting = ofRun.flatMap((unit, i) => {
      const end = ofRun[i + 1]?.dtsTicks ?? unit.dtsTicks + nominalTicks(unit, this.clockRate);
      if (unit.dtsTicks >= ticks) return [unit];
      return end > ticks ? [{ ...unit, dtsTicks: ticks }] : [];
    });
    this.#beginRun();
  }

  clear(): void {
    this.#waiting = [];
    this.#beginRun();
  }

  #beginRun(): void {
    this.#endTicks = undefined;
    this.#filling = undefined;
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
      this.#waiting.shift();
      const { span } = unit.at;
      const dtsTicks = this.#taken?.span === span ? Math.max(unit.dtsTicks, this.#taken.ticks) : unit.dtsTicks;
      const end = unit.dtsTicks + durationTicks;
      if (dtsTicks >= end) {
        this.dropped++;
        continue;
      }
      samples.push({ unit: unit.unit, dtsTicks, ptsTicks: dtsTicks, durationTicks: end - dtsTicks });
      this.#endTicks = end;
      this.#taken = { ticks: end, span };
      this.#filling = undefined;
    }
    return samples;
  }

  /**
   * Silence from the end of what was taken (`startTicks` in a new run) to `endTicks`, or to the frame that comes back before it. While
   * `silent` is false only what was begun is brought to its end.
   */
  takeSilence(span: SilentSpan, silent: boolean): readonly Sample[] {
    const [next] = this.#waiting;
    if (next === undefined ? !silent : this.#filling === undefined) return [];
    const nominal = nominalSpan(span.parameters, this.clockRate);
    const to = Math.min(span.endTicks, next?.dtsTicks ?? Infinity);
    let at = Math.max(this.#endTicks ?? span.startTicks, to - nominal * AUDIO_FRAMES_WAITING_MAX);
    const samples: Sample[] = [];
    const unit = silentUnit(span);
    for (let restTicks = to - at; restTicks > 0; restTicks = to - at) {
      // Whole frames, but for the one that ends where real sound begins again.
      if (restTicks < nominal && to !== next?.dtsTicks) break;
      const durationTicks = restTicks < 2 * nominal && to === next?.dtsTicks ? restTicks : nominal;
      samples.push({ unit, dtsTicks: at, ptsTicks: at, durationTicks });
      at += durationTicks;
    }
    this.#endTicks = at;
    this.#taken = { ticks: at, span: span.at.span };
    this.#filling = { epoch: span.at.epoch };
    return samples;
  }

  #durationOf(unit: TimedUnit, next: TimedUnit | undefined, endOfRun: boolean): number | undefined {
    if (next !== undefined && next.at.epoch === unit.at.epoch) return next.dtsTicks - unit.dtsTicks;
    if (next === undefined && !endOfRun) return undefined;
    return nominalTicks(unit, this.clockRate);
  }
}

/** A stretch of a part for which no sound came, in ticks of the track. */
export interface SilentSpan {
  readonly startTicks: number;
  readonly endTicks: number;
  readonly at: ClockEpoch;
  readonly parameters: CodecParameters;
  /** A frame of it. */
  readonly silence: Uint8Array;
}

function silentUnit({ parameters, silence }: SilentSpan): AccessUnit {
  const times = { ptsTicks: 0, dtsTicks: 0 };
  return { ...times, key: true, damaged: false, data: [[silence]], byteLength: silence.length, parameters };
}

/** How long an audio frame is by its codec, in ticks of the track. */
export function nominalTicks(unit: TimedUnit, clockRate: number): number {
  return nominalSpan(unit.unit.parameters, clockRate);
}

function nominalSpan({ shape }: CodecParameters, clockRate: number): number {
  if (shape.media !== 'audio') return 1;
  return Math.max(1, Math.round((shape.samplesPerFrame * clockRate) / shape.sampleRate));
}
