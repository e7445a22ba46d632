/** The seam between the frame of the HTTP server and what answers media URLs (media/). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '../../auth/access.ts';
import type { Right } from '../../config/settings.ts';
import type { View } from './url-table.ts';

export interface MediaTarget {
  readonly stream: string;
  readonly view: View;
  readonly query: URLSearchParams;
  /** Undefined where nobody has to say who he is. */
  readonly identity: Identity | undefined;
  /**
   * Whether this viewer has a right to this stream. The frame has made sure of the view's own right; a segment passes with either, for
   * it may be live or recorded.
   */
  readonly may: (right: Right) => boolean;
}

/**
 * Answers a media request: GET or HEAD, host name, CORS and rights seen to. It ends the response, or throws a WeirError before it has
 * begun to, which the frame answers as a problem document.
 */
export type MediaHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  target: MediaTarget,
) => void | Promise<void>;
