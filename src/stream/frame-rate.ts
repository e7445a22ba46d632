/**
 * How many frames came, and how many come a second: measured, as devices that announce 25 send 21 (open-nvr#229). By arrival, over spans of some
 * seconds, as frames come in bursts.
 */
const SPAN_MS = 5000;
/** Nothing for so long is none. */
const SILENCE_MS = 10_000;

export class FrameRate {
  #frames = 0;
  #spanFrames = 0;
  #spanBeganMs: number | undefined;
  #lastMs = 0;
  #perSecond: number | undefined;

  get frames(): number {
    return this.#frames;
  }

  /** A frame began. Monotonic. */
  frame(arrivalMs: number): void {
    this.#frames += 1;
    if (this.#spanBeganMs === undefined || arrivalMs - this.#lastMs > SILENCE_MS) this.#begin(arrivalMs);
    else this.#spanFrames += 1;
    this.#lastMs = arrivalMs;
    const spanMs = arrivalMs - (this.#spanBeganMs ?? arrivalMs);
    if (spanMs < SPAN_MS) return;
    this.#perSecond = (1000 * this.#spanFrames) / spanMs;
    this.#spanBeganMs = arrivalMs;
    this.#spanFrames = 0;
  }

  /** Of the last whole span; 0 where frames stopped, undefined until the first span is over. */
  perSecond(nowMs: number): number | undefined {
    return this.#perSecond !== undefined && nowMs - this.#lastMs > SILENCE_MS ? 0 : this.#perSecond;
  }

  /** The frame that a span begins with is not counted in it: n steps need n + 1 frames. */
  #begin(arrivalMs: number): void {
    this.#spanBeganMs = arrivalMs;
    this.#spanFrames = 0;
    this.#perSecond = undefined;
  }
}
