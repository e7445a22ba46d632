/**
 * What one track of a stream carries: what SDP says of it, completed from what comes in-band.
 * A value: a change is a new TrackFormat.
 */
import type { CodecParameters } from './codec-parameters.ts';

export type MediaKind = 'video' | 'audio' | 'application';

export interface TrackFormat {
  readonly media: MediaKind;
  /** The encoding name of rtpmap in upper case: 'H264', 'MPEG4-GENERIC'; of a static payload type, its name (RFC 3551 §6). */
  readonly encoding: string;
  /** RTP clock, in hertz. */
  readonly clockRate: number;
  /** Audio channels, where rtpmap gives them. */
  readonly channels?: number;
  readonly payloadType: number;
  /** Parameters of fmtp: lower-case names, values as sent. */
  readonly fmtp: ReadonlyMap<string, string>;
  /** Pixels of the picture, where SDP gives them (a=framesize, a=x-dimensions): JPEG's own header ends at 2040. */
  readonly frameSize?: { readonly width: number; readonly height: number };
  /** The decoder's set-up, once known from SDP or in-band; always undefined for a codec that is only relayed. */
  readonly parameters: CodecParameters | undefined;
}
