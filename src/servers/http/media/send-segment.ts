import type { IncomingMessage, ServerResponse } from 'node:http';
import { WeirError } from '../../../core/errors.ts';
import type { SegmentContent } from '../../../stream/segment-content.ts';
import type { BytesInFlight } from './bytes-in-flight.ts';
import { IMMUTABLE, answerHead } from './send-bytes.ts';

export interface SegmentExchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly inFlight: BytesInFlight;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/**
 * Sends a segment or a part of it; reads nothing but what is sent. Throws `segment-gone` if it was deleted meanwhile, `limit-reached` if
 * too much is on its way already.
 */
export async function sendSegment(exchange: SegmentExchange, number: number, segment: SegmentContent): Promise<void> {
  const { request, response, inFlight, signal } = exchange;
  const content = { type: 'video/iso.segment', etag: `"seg-${number}"`, cacheControl: IMMUTABLE };
  const part = answerHead(request, response, content, segment.bytes);
  if (part === undefined) return;
  // After that nobody would let go.
  signal.throwIfAborted();
  const letGo = inFlight.hold(segment.holder, segment.bytes);
  response.once('close', letGo);
  const pieces = await segment.read(part.start, part.end);
  if (pieces === undefined) throw new WeirError('segment-gone', `Segment ${number} was deleted`);
  response.writeHead(part.status, part.headers);
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
}
