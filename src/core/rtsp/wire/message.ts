/**
 * An RTSP/1.0 message (RFC 2326 §4): parsed, and as we write it.
 *
 *     METHOD SP uri SP RTSP/1.0 CRLF  |  RTSP/1.0 SP status SP reason CRLF
 *     Name: value CRLF …  CRLF  body
 */
import type { RtspHeaders } from './headers.ts';

export interface RtspRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  /** As sent: 'RTSP/1.0'. */
  readonly version: string;
  readonly headers: RtspHeaders;
  /** A view where it was parsed, like everything the framer returns. */
  readonly body: Uint8Array;
}

export interface RtspResponse {
  readonly kind: 'response';
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: RtspHeaders;
  readonly body: Uint8Array;
}

export type RtspMessage = RtspRequest | RtspResponse;
