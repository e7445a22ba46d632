/**
 * The GOP in memory, made to end now: a reader that starts inside a GOP gets its video with times one millisecond apart
 * that end at the live point, so that a player decodes all of it at once and shows the live picture, not one from seconds ago.
 *
 *     presentation order   0      40     80     120          true times, ms
 *     squeezed             117    118    119    120          every one but the last rewritten; sequence numbers kept
 *
 * Measured with GStreamer's rtspsrc (latency 200 ms): the first picture comes 230 ms after PLAY and is live, against 0.5–1.5 s
 * behind for the same GOP with true times.
 */
import { FRAME_HEADER_BYTES, framedLength } from './framed.ts';
import type { Batch } from './batch.ts';

/** Where the RTP timestamp stands in a packet (RFC 3550 §5.1). */
const TIMESTAMP_OFFSET = 4;
/** How far back from the newest picture B-frames may still be missing: the deepest reordering that H.264 and H.265 allow. */
const REORDER_FRAMES_MAX = 16;

/**
 * Returns copies of the video batches, in the same order, their times rewritten: of each track from its own last key frame in
 * `batches` on, and nothing of a track without one, which could not be decoded; audio is left out. The last picture keeps its own time,
 * and so do pictures between which B-frames are still to come or which are unfinished.
 */
export function squeeze(
  batches: readonly Batch[],
  clockRateOf: (track: number) => number,
  isVideo: (track: number) => boolean,
): readonly Batch[] {
  const timesByTrack = new Map<number, ReadonlyMap<number, number>>();
  const used = new Set<Batch>();
  for (const track of new Set(batches.map((batch) => batch.track))) {
    if (!isVideo(track)) continue;
    const ofTrack = fromLastKey(batches.filter((batch) => batch.track === track));
    for (const batch of ofTrack) used.add(batch);
    timesByTrack.set(track, squeezedTimes(ofTrack, clockRateOf(track)));
  }
  return batches
    .filter((batch) => used.has(batch))
    .map((batch) => retimed(batch, timesByTrack.get(batch.track)?.get(batch.ticks) ?? batch.ticks));
}

function fromLastKey(ofTrack: readonly Batch[]): readonly Batch[] {
  const last = ofTrack.findLastIndex((batch) => batch.key);
  return last < 0 ? [] : ofTrack.slice(last);
}

/** New time of each old time that changes. RTP times are presentation times, so sorting them gives presentation order. */
function squeezedTimes(batches: readonly Batch[], clockRate: number): ReadonlyMap<number, number> {
  const order = [...new Set(batches.map((batch) => batch.ticks))].sort((a, b) => a - b);
  const count = squeezableCount(order, batches);
  const end = order[count - 1];
  const times = new Map<number, number>();
  if (end === undefined) return times;
  for (let i = 0; i < count; i++) {
    const old = order[i];
    if (old !== undefined) times.set(old, end - Math.round(((count - 1 - i) * clockRate) / 1000));
  }
  return times;
}

/**
 * How many pictures, in presentation order, can be moved: those before the first that is unfinished (the rest of it comes
 * with the true time), and, where B-frames are used, before the first hole at the end, which they will fill.
 */
function squeezableCount(order: readonly number[], batches: readonly Batch[]): number {
  let count = order.length;
  const newest = batches.at(-1);
  if (newest !== undefined && !newest.frameEnd) count = Math.max(1, order.indexOf(newest.ticks));
  if (!hasReordering(batches)) return count;
  let interval = Number.POSITIVE_INFINITY;
  for (let i = 1; i < order.length; i++) interval = Math.min(interval, gapBefore(order, i));
  for (let i = Math.max(1, order.length - REORDER_FRAMES_MAX); i < count; i++) {
    if (gapBefore(order, i) > 1.5 * interval) return i;
  }
  return count;
}

function gapBefore(order: readonly number[], index: number): number {
  return (order[index] ?? 0) - (order[index - 1] ?? 0);
}

function hasReordering(batches: readonly Batch[]): boolean {
  let latest = Number.NEGATIVE_INFINITY;
  for (const batch of batches) {
    if (batch.ticks < latest) return true;
    latest = batch.ticks;
  }
  return false;
}

function retimed(batch: Batch, ticks: number): Batch {
  if (ticks === batch.ticks) return batch;
  const buffer = Buffer.from(batch.buffer);
  for (let at = 0; at < buffer.length; at += framedLength(buffer, at)) {
    const field = at + FRAME_HEADER_BYTES + TIMESTAMP_OFFSET;
    buffer.writeUInt32BE((buffer.readUInt32BE(field) + (ticks - batch.ticks)) >>> 0, field);
  }
  return { ...batch, buffer, ticks };
}
