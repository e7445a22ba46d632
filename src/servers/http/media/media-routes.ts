/** Answers the media URLs of a stream: lists, segments, pictures, what is recorded. Host name, CORS and rights were seen to. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../base/clock.ts';
import type { Metrics } from '../../../base/metrics.ts';
import { WeirError } from '../../../core/errors.ts';
import type { HlsService } from '../../../hls/hls-service.ts';
import type { Pictures } from '../../../picture/pictures.ts';
import type { Archive } from '../../../stream/archive.ts';
import type { SegmentContent } from '../../../stream/segment-content.ts';
import type { Stream, StreamRegistry } from '../../../stream/stream.ts';
import type { MediaHandler, MediaTarget } from '../media-handler.ts';
import { recordingStatus } from './recording-status.ts';
import { BytesInFlight } from './bytes-in-flight.ts';
import { IMMUTABLE, sendContent } from './send-bytes.ts';
import { sendList } from './send-list.ts';
import { sendSegment } from './send-segment.ts';
import { sendLiveStill, sendRecordedStill, type StillContext } from './send-still.ts';

export interface MediaOptions {
  readonly registry: StreamRegistry;
  readonly archive: Archive;
  readonly hls: HlsService;
  readonly pictures: Pictures;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

export function mediaHandler(options: MediaOptions): MediaHandler {
  const inFlight = new BytesInFlight();
  options.metrics.addReader((sink) => {
    sink.set('weir_http_segment_bytes_in_flight', {}, inFlight.bytes);
    sink.set('weir_http_segment_refusals_total', {}, inFlight.refused);
  });
  return async (request, response, target) => {
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      await answer({ ...options, inFlight, request, response, target, signal: left.signal });
    } catch (error) {
      // Nobody is there to be told.
      if (!left.signal.aborted) throw error;
    }
  };
}

interface Exchange extends MediaOptions {
  readonly inFlight: BytesInFlight;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: MediaTarget;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, response, target, hls, signal } = exchange;
  const { view } = target;
  switch (view.kind) {
    case 'live-list':
      return sendList(request, response, await hls.live(await liveStream(exchange), viewerOf(exchange), signal));
    case 'media-list': {
      const stream = await liveStream(exchange);
      return sendList(request, response, await hls.liveMedia(stream, view.generation, viewerOf(exchange), signal));
    }
    case 'archive-list':
      return sendList(request, response, await hls.archived(target.stream, view));
    case 'archive-media-list':
      return sendList(request, response, await hls.archivedMedia(target.stream, view));
    case 'segment':
      return sendSegment(exchange, view.number, await segment(exchange, view.number));
    case 'init':
      return sendInit(exchange, view.hash);
    case 'preview':
      return sendLiveStill(stillContext(exchange), await liveStream(exchange), view.format);
    case 'still-at':
      return sendRecordedStill(stillContext(exchange), target.stream, view.utcMs, view.format);
    case 'recording-status':
      return sendStatus(exchange);
    default:
      return view satisfies never;
  }
}

/** The stream itself; what is recorded needs none, since recordings outlive the configuration. */
async function liveStream({ registry, target }: Exchange): Promise<Stream> {
  const stream = await registry.find(target.stream);
  if (stream === undefined) throw new WeirError('stream-unknown', `There is no stream ${target.stream}`);
  return stream;
}

async function segment({ registry, hls, target }: Exchange, number: number): Promise<SegmentContent> {
  const found = await registry.find(target.stream);
  // Who may only play back gets it if it is recorded; that who may only watch gets none but live ones is the frame's part.
  const stream = target.may('read') ? found : undefined;
  const content = await hls.segment(target.stream, stream, number);
  if (content === undefined) throw new WeirError('segment-gone', `Segment ${number} of ${target.stream} is not there`);
  return content;
}

async function sendInit({ registry, hls, request, response, target }: Exchange, hash: string): Promise<void> {
  const bytes = await hls.init(target.stream, await registry.find(target.stream), hash);
  if (bytes === undefined) throw new WeirError('segment-gone', `Init ${hash} of ${target.stream} is not there`);
  const content = { type: 'video/mp4', etag: `"init-${hash}"`, cacheControl: IMMUTABLE };
  sendContent(request, response, { ...content, bytes });
}

async function sendStatus({ archive, registry, clock, request, response, target }: Exchange): Promise<void> {
  const status = await recordingStatus(archive, target.stream, target.query, clock.utcMs());
  if (status.ranges.length === 0 && (await registry.find(target.stream)) === undefined) {
    throw new WeirError('stream-unknown', `There is no stream ${target.stream}, and nothing of it is recorded`);
  }
  const bytes = new TextEncoder().encode(JSON.stringify([status]));
  const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
  sendContent(request, response, { type: 'application/json', etag, cacheControl: 'no-cache', bytes });
}

function stillContext({ request, response, target, pictures, clock, signal }: Exchange): StillContext {
  return { request, response, query: target.query, pictures, clock, signal };
}

/** Tells viewers apart as well as HTTP allows: they have no connection of their own. */
function viewerOf({ request, target }: Exchange): string {
  const agent = request.headers['user-agent'] ?? '';
  return `${request.socket.remoteAddress ?? ''} ${target.identity?.name ?? ''} ${agent.slice(0, MAX_AGENT_CHARACTERS)}`;
}

const MAX_AGENT_CHARACTERS = 200;
