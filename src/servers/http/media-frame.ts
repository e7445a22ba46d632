/**
 * What stands around every media request: method, CORS, rights. It runs before the framework, since a segment costs nothing but its bytes
 * and a player asks for one a second.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../auth/access.ts';
import { WeirError } from '../../core/errors.ts';
import type { StreamRegistry } from '../../stream/stream.ts';
import type { Authenticator } from './authenticator.ts';
import type { HostCheck } from './host-check.ts';
import type { MediaHandler } from './media-handler.ts';
import type { ViewPath } from './url-table.ts';

export interface MediaFrameOptions {
  readonly authenticator: Authenticator;
  readonly registry: StreamRegistry;
  readonly handler: MediaHandler;
  /** Where everybody is let in because only this machine comes, pages from elsewhere must not read along. */
  readonly local: boolean;
  readonly hosts: HostCheck;
}

export class MediaFrame {
  readonly #options: MediaFrameOptions;

  constructor(options: MediaFrameOptions) {
    this.#options = options;
  }

  /** Answers; throws a WeirError where there is a problem to say. `path` is the request's, read. */
  async answer(request: IncomingMessage, response: ServerResponse, path: ViewPath, query: string): Promise<void> {
    this.#allowOrigin(request, response);
    if (request.method === 'OPTIONS') return preflight(response);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD, OPTIONS');
      throw new WeirError('method-unknown', `${request.method} is no way to ask for media`, {
        expected: 'GET or HEAD',
      });
    }
    const { authenticator, handler } = this.#options;
    const identity = authenticator.identify(request);
    await this.#authorize(identity, path);
    const { stream, view } = path;
    const may = (right: Parameters<Authenticator['may']>[1]): boolean => authenticator.may(identity, right, stream);
    await handler(request, response, { stream, view, query: new URLSearchParams(query), identity, may });
  }

  async #authorize(identity: Identity | undefined, path: ViewPath): Promise<void> {
    const { authenticator } = this.#options;
    const { stream, view } = path;
    if (view.kind !== 'segment' && view.kind !== 'init') return authenticator.demand(identity, [path.right], stream);
    authenticator.demand(identity, ['read', 'playback'], stream);
    // A number is easily guessed: who may only watch live gets what is in the live lists, not the archive under the same URLs.
    if (view.kind === 'segment' && !authenticator.may(identity, 'playback', stream))
      await this.#demandLive(stream, view.number);
  }

  async #demandLive(stream: string, number: number): Promise<void> {
    const found = await this.#options.registry.find(stream);
    const segments = found?.timeline.head().segments ?? [];
    // What has left a list stays fetchable for as long as the list lasts (RFC 8216bis §6.2.2).
    const oldest = (segments[0]?.number ?? Infinity) - segments.length;
    if (number < oldest || number > (segments.at(-1)?.number ?? -1))
      throw new WeirError('segment-gone', `Segment ${number} of ${stream} is no longer live`);
  }

  /**
   * Media may be embedded by any page, without the browser's own credentials: a page that knows the password sends it itself. On a weir
   * that asks for none, the loopback is what keeps others out, so a foreign page is not let through the visitor's browser.
   */
  #allowOrigin(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    const { local, hosts } = this.#options;
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (local) {
      response.setHeader('Vary', 'Origin');
      response.setHeader('Cross-Origin-Resource-Policy', 'same-site');
      if (origin === undefined || !hosts.isOwnOrigin(origin)) return;
    } else {
      response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    }
    response.setHeader('Access-Control-Allow-Origin', local && origin !== undefined ? origin : '*');
    response.setHeader('Access-Control-Expose-Headers', EXPOSED);
  }
}

const EXPOSED = 'Age, Content-Length, Content-Range, Date, ETag, Last-Modified, Retry-After, X-Frame-Age, X-Frame-Time';

function preflight(response: ServerResponse): void {
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Range, If-None-Match, If-Modified-Since');
  response.setHeader('Access-Control-Max-Age', '86400');
  response.writeHead(204);
  response.end();
}
