/**
 * Cameras whose key frames are far apart (H.264+, H.265+ and other "smart" codecs: 20 s to minutes, crumb#114). The stream lives by its packets, but
 * who begins to look waits, or is sent much at once: that is worth a word.
 */
import { WeirError } from '../core/errors.ts';

/** Twice what HLS makes a segment of. */
export const LONG_GOP_MS = 10_000;

export interface KeyFrames {
  /** Usual distance; undefined until two were seen. */
  readonly gopMs: number | undefined;
  readonly lastUtcMs: number | undefined;
  /** Since when media comes. */
  readonly liveUtcMs: number;
}

/** What to say of the key frames of a live stream at `nowUtcMs`; undefined: nothing. */
export function longGop({ gopMs = 0, lastUtcMs, liveUtcMs }: KeyFrames, nowUtcMs: number): WeirError | undefined {
  const waitedMs = nowUtcMs - Math.max(lastUtcMs ?? 0, liveUtcMs);
  if (gopMs > LONG_GOP_MS)
    return new WeirError(
      'key-frames-rare',
      `Key frames are ${seconds(gopMs)} s apart: pictures begin late for who comes`,
    );
  if (waitedMs > LONG_GOP_MS)
    return new WeirError(
      'key-frames-rare',
      `No key frame for ${seconds(waitedMs)} s: pictures begin late for who comes`,
    );
  return undefined;
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}

/** Says it once, and again only after it was otherwise. */
export class LongGopWatch {
  #said = false;

  /** A key frame came. Returns what is to be said now. */
  keyFrame(gopMs: number | undefined, nowUtcMs: number): WeirError | undefined {
    const warning = longGop({ gopMs, lastUtcMs: nowUtcMs, liveUtcMs: nowUtcMs }, nowUtcMs);
    const due = warning !== undefined && !this.#said;
    this.#said = warning !== undefined;
    return due ? warning : undefined;
  }
}
