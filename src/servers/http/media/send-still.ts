/** Pictures over HTTP: each says when it was taken, in UTC to the millisecond; so does the error where there is none to show. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Clock } from '../../../base/clock.ts';
import { WeirError } from '../../../core/errors.ts';
import type { StillFormat } from '../../../core/url/view.ts';
import { OldPictureError } from '../../../picture/live-key-frame.ts';
import type { PictureFrame, Pictures, StillRequest } from '../../../picture/pictures.ts';
import type { Stream } from '../../../stream/stream.ts';
import { IMMUTABLE, sendContent, sendIfNotModified } from './send-bytes.ts';

export interface StillContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly pictures: Pictures;
  readonly clock: Clock;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

const TYPES: Readonly<Record<StillFormat, string>> = { jpg: 'image/jpeg', mp4: 'video/mp4' };
/** A second: the next key frame replaces it. */
const LIVE_CACHE = 'max-age=1';
/** A wider picture than this is nobody's screen: it is a mistake. */
const WIDTH_MAX = 16_384;

export async function sendLiveStill(context: StillContext, stream: Stream, format: StillFormat): Promise<void> {
  const still: StillRequest = { format, width: widthOf(context.query) };
  try {
    const frame = await context.pictures.liveFrame(stream, context.signal);
    const ageMs = Math.max(0, context.clock.utcMs() - frame.utcMs);
    await sendStill(context, frame, still, LIVE_CACHE, {
      ...timeHeaders(frame.utcMs),
      'x-frame-age': inSeconds(ageMs),
    });
  } catch (error) {
    if (error instanceof OldPictureError) {
      const headers = { ...timeHeaders(error.utcMs), 'x-frame-age': inSeconds(error.ageMs) };
      for (const [name, value] of Object.entries(headers)) context.response.setHeader(name, value);
    }
    throw error;
  }
}

/** A recorded picture never changes: the key frames before a recorded moment are all there. */
export async function sendRecordedStill(
  context: StillContext,
  stream: string,
  utcMs: number,
  format: StillFormat,
): Promise<void> {
  const still: StillRequest = { format, width: widthOf(context.query) };
  const frame = await context.pictures.frameAt(stream, utcMs);
  await sendStill(context, frame, still, IMMUTABLE, timeHeaders(frame.utcMs));
}

async function sendStill(
  { request, response, pictures, signal }: StillContext,
  frame: PictureFrame,
  still: StillRequest,
  cacheControl: string,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const content = { etag: pictures.etag(frame, still), cacheControl, headers };
  if (sendIfNotModified(request, response, content)) return;
  const picture = await pictures.make(frame, still, signal);
  sendContent(request, response, { ...content, type: TYPES[still.format], bytes: picture.bytes });
}

function timeHeaders(utcMs: number): Readonly<Record<string, string>> {
  const time = new Date(utcMs);
  return { 'last-modified': time.toUTCString(), 'x-frame-time': time.toISOString() };
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

function widthOf(query: URLSearchParams): number | undefined {
  const text = query.get('width');
  if (text === null) return undefined;
  const width = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (width > 0 && width <= WIDTH_MAX) return width;
  throw new WeirError('request-malformed', `'${text.slice(0, 20)}' is no width`, {
    place: 'width',
    expected: `pixels, 1 to ${WIDTH_MAX}`,
  });
}
