/**
 * The last whole GOPs of a stream in memory: for an instant start, for HLS that begins cold, for stills.
 *
 *     ─┬────────────┬────────────┬───────▶     key frames of the main track begin a GOP; batches of other tracks stand
 *      K a v v a v  K v a v v a  K v a           between them in the order in which they came
 *
 * Without a picture (audio only) a GOP is a second of the main track.
 */
import { MAX_ACCESS_UNIT_BYTES } from '../core/codec/codec.ts';
import { median } from './median.ts';
import type { Batch } from './batch.ts';

/** So much is kept at least, in whole GOPs. */
export const GOP_CACHE_MS = 4000;
/** Past it the GOP in hand is dropped, but for its key frame (stills); who starts then waits for the next. */
export const GOP_CACHE_BYTES_MAX = 32 * 1024 * 1024;
/** As bytes: what is held is objects too, and a sender may cut as small as it likes. More than ten minutes of 30 pictures and 50 audio frames a second. */
export const GOP_CACHE_BATCHES_MAX = 64 * 1024;
/** Parameter sets that go ahead of their key frame come in a batch, or in a few; a picture of more (a third of a second of 5 ms) has no end. */
const AHEAD_BATCHES_MAX = 64;
/** Length of a GOP where every frame is one. */
const GOP_MS_MIN = 1000;
const GOPS_MEASURED = 8;

export interface Gop {
  /** Time of the key frame. */
  readonly ticks: number;
  readonly batches: readonly Batch[];
  /** Its key frame is there to the end. */
  readonly whole: boolean;
}

interface OpenGop {
  readonly ticks: number;
  batches: Batch[];
  bytes: number;
  /** Of its key frame alone. */
  keyBytes: number;
  whole: boolean;
  /** What is left of it; nothing, where its key frame has no end. */
  kept: 'all' | 'key-frame' | 'nothing';
}

/** Last batches of the main track that may turn out to belong to the next key frame: parameter sets sent ahead of it. */
interface Ahead {
  readonly ticks: number;
  batches: Batch[];
  bytes: number;
  /** There were too many: none is remembered. */
  over: boolean;
}

export interface GopCacheOptions {
  readonly mainTrack: number;
  readonly mainClockRate: number;
  /** Every batch of the main track is a key: audio, or video that we know nothing of. */
  readonly everyFrameKey: boolean;
  readonly bytesMax?: number;
  readonly batchesMax?: number;
}

export class GopCache {
  readonly #options: GopCacheOptions;
  readonly #bytesMax: number;
  readonly #batchesMax: number;
  #gops: readonly OpenGop[] = [];
  /** The last key frame of an attempt that ended: for stills that say how old they are. */
  #before: Gop | undefined;
  #bytes = 0;
  #batches = 0;
  #oversized = 0;
  #ahead: Ahead | undefined;
  #endless = 0;
  /** Distances of the last key frames in milliseconds. */
  #distances: readonly number[] = [];
  #lastKeyUtcMs: number | undefined;

  constructor(options: GopCacheOptions) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? GOP_CACHE_BYTES_MAX;
    this.#batchesMax = options.batchesMax ?? GOP_CACHE_BATCHES_MAX;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Pictures of more batches or bytes than go ahead of a key frame: time stands still, or no frame ends. */
  get endless(): number {
    return this.#endless;
  }

  /** GOPs that were dropped whole, since their key frame passed MAX_ACCESS_UNIT_BYTES: time stands still, or no frame ends. */
  get oversized(): number {
    return this.#oversized;
  }

  /** Usual distance of key frames in milliseconds; undefined until two were seen. */
  get gopMs(): number | undefined {
    return median(this.#distances);
  }

  /** Longest of the last distances. */
  get gopMsMax(): number | undefined {
    return this.#distances.length === 0 ? undefined : Math.max(...this.#distances);
  }

  get lastKeyUtcMs(): number | undefined {
    return this.#lastKeyUtcMs;
  }

  push(batch: Batch): void {
    const main = batch.track === this.#options.mainTrack;
    if (main && batch.key) this.#key(batch);
    else this.#append(batch);
    if (main && !batch.key) this.#rememberAhead(batch);
    if (this.#tooMuch()) this.#shed();
  }

  /** The source went away: what is kept is the last key frame. */
  restart(): void {
    const last = this.#gops.findLast((gop) => gop.kept !== 'nothing');
    if (last !== undefined)
      this.#before = { ticks: last.ticks, batches: keyFrameOf(last, this.#options.mainTrack), whole: last.whole };
    this.#gops = [];
    this.#ahead = undefined;
    this.#bytes = 0;
    this.#batches = 0;
  }

  /** All whole GOPs and the one in hand, as one run of batches, oldest first. */
  all(): readonly Batch[] {
    const from = this.#gops.findLastIndex((gop) => gop.kept !== 'all') + 1;
    return this.#gops.slice(from).flatMap((gop) => gop.batches);
  }

  /** The GOP in hand; empty if there is none, or less than all of it is left. */
  newest(): readonly Batch[] {
    const gop = this.#gops.at(-1);
    return gop?.kept === 'all' ? gop.batches : [];
  }

  /** Where key frames can be had for stills, newest first. */
  keyed(): readonly Gop[] {
    const before = this.#before === undefined ? [] : [this.#before];
    return [...this.#gops.filter((gop) => gop.kept !== 'nothing').toReversed(), ...before];
  }

  #key(batch: Batch): void {
    const { mainClockRate, everyFrameKey } = this.#options;
    const last = this.#gops.at(-1);
    if (last !== undefined) {
      const distanceMs = ((batch.ticks - last.ticks) * 1000) / mainClockRate;
      if (everyFrameKey && distanceMs >= 0 && distanceMs < GOP_MS_MIN) return this.#append(batch);
      if (distanceMs > 0) this.#distances = [...this.#distances, distanceMs].slice(-GOPS_MEASURED);
    }
    const batches = [...this.#takeAhead(batch.ticks, last), batch];
    const bytes = bytesOf(batches);
    const { ticks, frameEnd } = batch;
    const gop: OpenGop = { ticks, batches, bytes, keyBytes: bytes, whole: frameEnd, kept: 'all' };
    this.#add(batches.length, bytes);
    this.#gops = this.#trimmed([...this.#gops, gop]);
    this.#before = undefined;
    this.#ahead = undefined;
    this.#lastKeyUtcMs = batch.arrivalUtcMs;
  }

  /** Parameter sets of this picture that went out in a batch of their own: taken from the GOP before. */
  #takeAhead(ticks: number, last: OpenGop | undefined): readonly Batch[] {
    const ahead = this.#ahead?.ticks === ticks ? this.#ahead.batches : [];
    if (last === undefined || ahead.length === 0) return ahead;
    const moved = new Set(ahead);
    const left = last.batches.filter((batch) => !moved.has(batch));
    this.#replace(last, left);
    return ahead;
  }

  #append(batch: Batch): void {
    const gop = this.#gops.at(-1);
    if (gop === undefined || gop.kept === 'nothing') return;
    const ofKeyFrame = this.#ofKeyFrame(gop, batch);
    if (batch.track === this.#options.mainTrack) gop.whole ||= !ofKeyFrame || batch.frameEnd;
    if (gop.kept === 'key-frame' && !ofKeyFrame) return;
    const { length } = batch.buffer;
    if (ofKeyFrame) gop.keyBytes += length;
    if (gop.keyBytes > MAX_ACCESS_UNIT_BYTES) {
      this.#oversized += 1;
      this.#keep(gop, 'nothing');
      return;
    }
    gop.batches.push(batch);
    gop.bytes += length;
    this.#add(1, length);
  }

  #rememberAhead(batch: Batch): void {
    const { ticks } = batch;
    // The rest of a key frame, which may take its time.
    if (ticks === this.#gops.at(-1)?.ticks) return;
    if (this.#ahead?.ticks !== ticks) this.#ahead = { ticks, batches: [], bytes: 0, over: false };
    const ahead = this.#ahead;
    if (ahead.over) return;
    ahead.batches.push(batch);
    ahead.bytes += batch.buffer.length;
    if (ahead.batches.length <= AHEAD_BATCHES_MAX && ahead.bytes <= MAX_ACCESS_UNIT_BYTES) return;
    this.#ahead = { ticks, batches: [], bytes: 0, over: true };
    this.#endless += 1;
  }

  /** Drops the oldest GOPs without which there is still enough. */
  #trimmed(gops: readonly OpenGop[]): readonly OpenGop[] {
    const newest = gops.at(-1)?.ticks ?? 0;
    const enough = (GOP_CACHE_MS * this.#options.mainClockRate) / 1000;
    let from = 0;
    for (let second = gops[1]; second !== undefined && newest - second.ticks >= enough; second = gops[from + 1]) from++;
    for (const gop of gops.slice(0, from)) this.#add(-gop.batches.length, -gop.bytes);
    return gops.slice(from);
  }

  #tooMuch(): boolean {
    return this.#bytes > this.#bytesMax || this.#batches > this.#batchesMax;
  }

  /** Older GOPs go first, then the rest of the one in hand, then its key frame. */
  #shed(): void {
    while (this.#gops.length > 1 && this.#tooMuch()) {
      const [oldest] = this.#gops;
      if (oldest !== undefined) this.#keep(oldest, 'nothing');
      this.#gops = this.#gops.slice(1);
    }
    const gop = this.#gops[0];
    if (gop !== undefined && this.#tooMuch()) this.#keep(gop, 'key-frame');
    if (gop !== undefined && this.#tooMuch()) {
      this.#oversized += 1;
      this.#keep(gop, 'nothing');
    }
  }

  #keep(gop: OpenGop, kept: 'key-frame' | 'nothing'): void {
    gop.kept = kept;
    this.#replace(gop, kept === 'nothing' ? [] : keyFrameOf(gop, this.#options.mainTrack));
  }

  #replace(gop: OpenGop, batches: Batch[]): void {
    this.#add(-gop.batches.length, -gop.bytes);
    gop.batches = batches;
    gop.bytes = bytesOf(batches);
    this.#add(batches.length, gop.bytes);
  }

  #add(batches: number, bytes: number): void {
    this.#batches += batches;
    this.#bytes += bytes;
  }

  #ofKeyFrame(gop: OpenGop, batch: Batch): boolean {
    return batch.track === this.#options.mainTrack && batch.ticks === gop.ticks;
  }
}

/** The batches of a GOP's key frame. */
export function keyFrameOf(gop: Pick<Gop, 'ticks' | 'batches'>, mainTrack: number): Batch[] {
  return gop.batches.filter((batch) => batch.track === mainTrack && batch.ticks === gop.ticks);
}

function bytesOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, batch) => sum + batch.buffer.length, 0);
}
