/** The usual distance of two frames, measured: the middle of the last ones, so that a hole or a burst does not count. */
import { median } from './median.ts';

const FRAMES_MEASURED = 15;
/** What is assumed of a video track that says nothing and has one frame yet. */
const ASSUMED_FRAME_RATE = 25;

export class FrameInterval {
  readonly #fallback: number;
  #steps: readonly number[] = [];
  #usual: number | undefined;

  /** Ticks; `fallback` until something was measured. */
  constructor(fallback: number) {
    this.#fallback = Math.max(1, Math.round(fallback));
  }

  static ofVideo(clockRate: number, frameRate: number | undefined): FrameInterval {
    return new FrameInterval(clockRate / (frameRate ?? ASSUMED_FRAME_RATE));
  }

  push(step: number): void {
    this.#steps = [...this.#steps, step].slice(-FRAMES_MEASURED);
    this.#usual = undefined;
  }

  get ticks(): number {
    this.#usual ??= median(this.#steps) ?? this.#fallback;
    return Math.max(1, this.#usual);
  }
}
