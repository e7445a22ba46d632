/**
 * Ties the RTP time of one track to the server's UTC: a line of pieces, each with an offset that stands still or moves by at most
 * 500 ppm. Times in, times out; who decides when to anchor, slew or jump is stream-clock.ts.
 *
 *     UTC of a moment = its ticks / clock rate + offset
 *
 *     offset │        ┌─ jump: new epoch
 *            │  ──────┘╲__ slewed
 *            └──────────────── ticks
 */

/** The steepest correction: nobody hears or sees it (DESIGN §4). */
export const SLEW_MAX = 500e-6;

/** Older pieces are forgotten: more than the GOPs in memory cover. */
const PIECES_MAX = 16;

/** What a piece of the line belongs to: a jump begins a new epoch, a system clock set back a new span besides. */
export interface ClockEpoch {
  readonly epoch: number;
  /** Times of one span never go back; those of the next may. */
  readonly span: number;
}

interface Piece extends ClockEpoch {
  readonly fromTicks: number;
  readonly offsetMs: number;
  /** Milliseconds of offset a millisecond of media. */
  readonly slew: number;
}

export class TrackClock {
  readonly clockRate: number;
  #pieces: readonly Piece[] = [];
  /** Smallest arrival − media time seen since the last judgement, UTC milliseconds. */
  #leastOffsetMs: number | undefined;
  /** Newest media time seen. */
  #lastTicks: number | undefined;
  /** Sender's UTC − media time, from its last report. */
  #senderOffsetMs: number | undefined;

  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  get anchored(): boolean {
    return this.#pieces.length > 0;
  }

  /** Media of `ticks` came at `arrivalUtcMs`. */
  observe(ticks: number, arrivalUtcMs: number): void {
    const offsetMs = arrivalUtcMs - this.#mediaMs(ticks);
    if (this.#leastOffsetMs === undefined || offsetMs < this.#leastOffsetMs) this.#leastOffsetMs = offsetMs;
    if (this.#lastTicks === undefined || ticks > this.#lastTicks) this.#lastTicks = ticks;
  }

  senderReport(ntpUtcMs: number, ticks: number): void {
    this.#senderOffsetMs = ntpUtcMs - this.#mediaMs(ticks);
  }

  /** What it said was of a line that runs otherwise. */
  forgetReport(): void {
    this.#senderOffsetMs = undefined;
  }

  get leastOffsetMs(): number | undefined {
    return this.#leastOffsetMs;
  }

  get senderOffsetMs(): number | undefined {
    return this.#senderOffsetMs;
  }

  /** The offset in force at the newest media; before the anchor, the best guess so far. */
  get offsetMs(): number | undefined {
    const ticks = this.#lastTicks;
    const piece = this.#pieces.at(-1);
    if (piece === undefined || ticks === undefined) return this.#leastOffsetMs;
    return this.#offsetAt(piece, ticks);
  }

  /** Forgets what was observed, so that the next judgement is of what comes from now on. */
  startWindow(): void {
    this.#leastOffsetMs = undefined;
  }

  /** Begins a new line: what came before is no longer mapped. */
  anchor(offsetMs: number, epoch: ClockEpoch): void {
    this.#pieces = [{ ...epoch, fromTicks: Number.NEGATIVE_INFINITY, offsetMs, slew: 0 }];
  }

  /** From `fromTicks` on another offset, at once. */
  jump(fromTicks: number, offsetMs: number, epoch: ClockEpoch): void {
    this.#add({ ...epoch, fromTicks, offsetMs, slew: 0 });
  }

  /** From the newest media on the offset moves towards `targetMs`, so as to be there after `overMs` if the limit allows that. */
  slewTowards(targetMs: number, overMs: number): void {
    const piece = this.#pieces.at(-1);
    const ticks = this.#lastTicks;
    if (piece === undefined || ticks === undefined) return;
    const offsetMs = this.#offsetAt(piece, ticks);
    const slew = Math.min(Math.max((targetMs - offsetMs) / overMs, -SLEW_MAX), SLEW_MAX);
    if (slew === 0 && piece.slew === 0) return;
    this.#add({ epoch: piece.epoch, span: piece.span, fromTicks: ticks, offsetMs, slew });
  }

  /** Stops a correction where it is. */
  hold(): void {
    this.slewTowards(this.offsetMs ?? 0, 1);
  }

  /** No new line yet, but what was observed is of another attempt. */
  forget(): void {
    this.#pieces = [];
    this.#lastTicks = undefined;
    this.#senderOffsetMs = undefined;
    this.startWindow();
  }

  get lastTicks(): number | undefined {
    return this.#lastTicks;
  }

  /** Where `ticks` lies in UTC, in whole ticks of the track since 1970; undefined before the anchor. */
  utcTicks(ticks: number): number | undefined {
    const piece = this.#pieceAt(ticks);
    if (piece === undefined) return undefined;
    return ticks + Math.round((this.#offsetAt(piece, ticks) * this.clockRate) / 1000);
  }

  epochAt(ticks: number): ClockEpoch | undefined {
    return this.#pieceAt(ticks);
  }

  /** UTC milliseconds of `ticks`, with a fraction; before the anchor, the best guess so far. */
  utcMs(ticks: number): number | undefined {
    const piece = this.#pieceAt(ticks);
    const offsetMs = piece === undefined ? this.#leastOffsetMs : this.#offsetAt(piece, ticks);
    return offsetMs === undefined ? undefined : this.#mediaMs(ticks) + offsetMs;
  }

  /** The time on the track's line at a moment of UTC, now or later: whole ticks. Inverse of `utcMs` at the newest media. */
  ticksAt(utcMs: number, offsetMs = this.offsetMs): number | undefined {
    return offsetMs === undefined ? undefined : Math.round(((utcMs - offsetMs) * this.clockRate) / 1000);
  }

  #add(piece: Piece): void {
    this.#pieces = [...this.#pieces, piece].slice(-PIECES_MAX);
  }

  #pieceAt(ticks: number): Piece | undefined {
    for (let i = this.#pieces.length - 1; i > 0; i--) {
      const piece = this.#pieces[i];
      if (piece !== undefined && piece.fromTicks <= ticks) return piece;
    }
    return this.#pieces[0];
  }

  #offsetAt(piece: Piece, ticks: number): number {
    if (piece.slew === 0) return piece.offsetMs;
    return piece.offsetMs + piece.slew * Math.max(0, this.#mediaMs(ticks - piece.fromTicks));
  }

  #mediaMs(ticks: number): number {
    return (ticks * 1000) / this.clockRate;
  }
}
