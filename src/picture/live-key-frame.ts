/**
 * The newest key frame of a stream, if it may be shown as live: the source is live and the frame is no older than two GOPs or
 * ten seconds. A source that is only now being opened is waited for, one that is away is not.
 *
 *     live, fresh ─▶ the frame     live, old ─▶ picture-stale      down, or back-off ─▶ stream-offline
 *     live, none yet; idle (opened on demand); connecting for the first time ─▶ wait, at most LIVE_WAIT_MS
 */
import type { Clock } from '../base/clock.ts';
import { codecFor } from '../core/codec/registry.ts';
import { WeirError } from '../core/errors.ts';
import { isOpening, offlineMessage } from '../stream/opening.ts';
import type { LiveKeyFrame, Stream, StreamStatus } from '../stream/stream.ts';

/** Stills of a dashboard are asked for by browsers with six connections: they must not be held long. */
const LIVE_WAIT_MS = 5000;
const AGE_MS_MIN = 10_000;
const AGE_GOPS = 2;

/** There is a picture, but it must not be shown as live. */
export class OldPictureError extends WeirError {
  readonly utcMs: number;
  readonly ageMs: number;

  constructor(code: 'picture-stale' | 'stream-offline', message: string, utcMs: number, ageMs: number) {
    super(code, message);
    this.utcMs = utcMs;
    this.ageMs = ageMs;
  }
}

export async function liveKeyFrame(stream: Stream, clock: Clock, signal: AbortSignal): Promise<LiveKeyFrame> {
  const status = stream.status();
  const frame = stream.keyFrame();
  if (status.state === 'live') {
    if (frame !== undefined && isFresh(frame, clock)) return frame;
    if (frame !== undefined) throw staleError(stream, frame, clock);
    if (!hasPictures(status))
      throw new WeirError('codec-unsupported', `${stream.name} has no video of which pictures are made`);
  } else if (!isOpening(status)) {
    throw offlineError(stream, clock);
  }
  return waitForKeyFrame(stream, clock, signal);
}

function isFresh(frame: LiveKeyFrame, clock: Clock): boolean {
  return clock.utcMs() - frame.utcMs <= Math.max(AGE_GOPS * (frame.gopMs ?? 0), AGE_MS_MIN);
}

function hasPictures(status: StreamStatus): boolean {
  return status.tracks.length === 0 || status.tracks.some(({ format }) => codecFor(format.encoding)?.media === 'video');
}

/** Reads along, which also opens a source that is opened on demand, until a fresh key frame is whole. */
async function waitForKeyFrame(stream: Stream, clock: Clock, signal: AbortSignal): Promise<LiveKeyFrame> {
  signal.throwIfAborted();
  const found = Promise.withResolvers<LiveKeyFrame>();
  const look = (): void => {
    const frame = stream.keyFrame();
    if (frame !== undefined && isFresh(frame, clock)) found.resolve(frame);
  };
  const reader = { protocol: 'internal', label: 'still', deliver: look, end: found.reject } as const;
  const attachment = stream.attach(reader, 'key');
  const timer = clock.after(LIVE_WAIT_MS, () => found.reject(waitedError(stream, clock)));
  const leave = (): void => found.reject(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    look();
    return await found.promise;
  } finally {
    attachment.close();
    timer.cancel();
    signal.removeEventListener('abort', leave);
  }
}

function waitedError(stream: Stream, clock: Clock): WeirError {
  if (stream.status().state !== 'live') return offlineError(stream, clock);
  return new WeirError('no-picture', `No key frame of ${stream.name} came within ${LIVE_WAIT_MS / 1000} s`);
}

function staleError(stream: Stream, frame: LiveKeyFrame, clock: Clock): WeirError {
  const ageMs = clock.utcMs() - frame.utcMs;
  return new OldPictureError(
    'picture-stale',
    `The last picture of ${stream.name} is ${seconds(ageMs)} s old`,
    frame.utcMs,
    ageMs,
  );
}

function offlineError(stream: Stream, clock: Clock): WeirError {
  const message = offlineMessage(stream.name, stream.status());
  const frame = stream.keyFrame();
  if (frame === undefined) return new WeirError('stream-offline', message);
  const ageMs = clock.utcMs() - frame.utcMs;
  return new OldPictureError(
    'stream-offline',
    `${message}; the last picture is ${seconds(ageMs)} s old`,
    frame.utcMs,
    ageMs,
  );
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
