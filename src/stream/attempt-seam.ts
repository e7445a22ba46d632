/**
 * Where one attempt ends and the next begins, in UTC. An encoder that begins with a burst (FFmpeg) is anchored by its most punctual
 * packet, which puts its first key frame a little before the end of the publisher that it takes over from. The whole new line is then
 * laid later, all tracks alike, and slewed back; so each of its frames keeps its length and its place beside the others.
 *
 *     A  ───────────────────┤ end
 *     B              K──────────────▶      as its arrival says: K would be dropped, and with it the whole GOP
 *     B                     K──────────────▶
 */

/** Less than what the clock takes for a jump (JUMP_MS): a line laid later runs ahead of its arrival by so much. */
export const OVERLAP_MS_MAX = 800;

export class AttemptSeam {
  readonly #main: number;
  /** Where what was sent before ends, by track, UTC milliseconds. */
  #endsMs: (number | undefined)[] = [];
  #span = 0;
  /** Ticks with which a track of this attempt begins: the main track with a key frame, the others not before that. */
  #firstTicks: (number | undefined)[] = [];

  constructor(main: number) {
    this.#main = main;
  }

  /** Goes on from a stream of other tracks. */
  static after(before: AttemptSeam, main: number): AttemptSeam {
    const seam = new AttemptSeam(main);
    seam.#endsMs[main] = before.#endsMs[before.#main];
    seam.#span = before.#span;
    return seam;
  }

  /** The attempt is over; a track that sent nothing ends where it did. */
  end(index: number, utcMs: number, span: number): void {
    this.#endsMs[index] = utcMs;
    this.#span = span;
  }

  restart(): void {
    this.#firstTicks = [];
  }

  saw(index: number, ticks: number, key: boolean): void {
    if (this.#firstTicks[index] !== undefined) return;
    if (index === this.#main ? key : this.#firstTicks[this.#main] !== undefined) this.#firstTicks[index] = ticks;
  }

  /**
   * How much later than `utcMs` says the new line has to lie, milliseconds: 0 where it begins behind the last one, in another span, or
   * so early that what it brings is old (a camera that sends again what it kept).
   */
  shiftMs(span: number, utcMs: (index: number, ticks: number) => number | undefined): number {
    if (span !== this.#span) return 0;
    const overlaps = this.#firstTicks.flatMap((ticks, i) => {
      const firstMs = ticks === undefined ? undefined : utcMs(i, ticks);
      return firstMs === undefined ? [] : [(this.#endsMs[i] ?? firstMs) - firstMs];
    });
    const overlapMs = Math.max(0, ...overlaps);
    return overlapMs > OVERLAP_MS_MAX ? 0 : overlapMs;
  }
}
