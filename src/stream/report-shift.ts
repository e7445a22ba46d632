/**
 * By how much sender reports differ from the tracks' clocks for a while. The line of a new attempt is laid where its first packet came,
 * which is late by what the network and the sender's start cost, and the first reports of a stream are a guess; two seconds later the
 * anchor knows better. A report that said so at once would move the clock of readers that follow reports (FFmpeg: times that go back), so
 * it gets there slowly.
 *
 *     reports − clock │ ──┐ what the lines were laid by
 *                     │    ╲___
 *                     │        ╲___ 500 ppm
 *                     └──────────────╲────────▶
 */
import { SLEW_MAX } from './track-clock.ts';

/** More is put right at once: readers may as well see what is plain to hear. */
export const SHIFT_MS_MAX = 1000;
/** Sound further off the picture than this is put right at once (EBU R 37: 40 ms early, 60 ms late). */
export const SYNC_SHIFT_MS_MAX = 40;

export class ReportShift {
  #fromUtcMs = 0;
  /** By track. */
  #shiftsMs: readonly number[] = [];

  /** From `utcMs` on the tracks' clocks are off by so much from what reports said; `main` leads. */
  begin(utcMs: number, offMs: readonly (number | undefined)[], main: number): void {
    const mainMs = offMs[main] ?? 0;
    this.#fromUtcMs = utcMs;
    this.#shiftsMs =
      Math.abs(mainMs) > SHIFT_MS_MAX ? [] : offMs.map((ms = mainMs) => mainMs + clamp(ms - mainMs, SYNC_SHIFT_MS_MAX));
  }

  /** From now on reports say what the clocks say. */
  clear(): void {
    this.#shiftsMs = [];
  }

  /** What a report of the track at `utcMs` adds to its clock's offset, in milliseconds. */
  at(index: number, utcMs: number): number {
    const shiftMs = this.#shiftsMs[index] ?? 0;
    const goneMs = Math.max(0, utcMs - this.#fromUtcMs) * SLEW_MAX;
    return shiftMs - clamp(shiftMs, goneMs);
  }
}

function clamp(ms: number, most: number): number {
  return Math.min(Math.max(ms, -most), most);
}
