/** What goes into and comes out of a `PublishMachine`: data, carried out by the edge (src/cli/push). */
import type { WeirError } from '../../errors.ts';
import type { Hash } from '../digest/challenge.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspUrl } from '../wire/rtsp-url.ts';
import type { PortPair } from '../wire/transport.ts';
import type { TrackFormat } from '../../codec/track-format.ts';

export interface PublishOptions {
  readonly url: RtspUrl;
  /** The URL as it may be shown: the place of errors. */
  readonly label: string;
  readonly userAgent: string;
  /** At least one. Their payload types are those of the packets that will be sent. */
  readonly tracks: readonly TrackFormat[];
  /** Our RTP and RTCP ports, one pair a track; undefined: media goes into the connection. */
  readonly ports: readonly PortPair[] | undefined;
  /** To the answer of a request. */
  readonly responseMs: number;
  readonly hash: Hash;
  /** Unguessable text for a digest's cnonce: letters and digits. */
  readonly nonce: () => string;
}

export type PublishInput =
  | { readonly kind: 'start' }
  /** The connection that `connect` asked for is open. */
  | { readonly kind: 'connected' }
  /** What the framer of that connection gave. */
  | { readonly kind: 'units'; readonly units: readonly RtspUnit[] }
  | { readonly kind: 'closed' }
  /** The moment of the last `wake` has come. */
  | { readonly kind: 'tick' }
  /** All is sent: tear down and end. */
  | { readonly kind: 'stop' };

export type PublishOutput =
  /** Open a connection there, with a new framer; close the one before once it is sent out. */
  | { readonly kind: 'connect'; readonly url: RtspUrl }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** RECORD was answered: media may flow, each track its way, in the order of the options. */
  | { readonly kind: 'recording'; readonly ways: readonly PublishWay[] }
  /** Push `tick` then (monotonic ms); replaces the wake before. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** All is said; close the connection. `error`: why, undefined after `stop`. */
  | { readonly kind: 'end'; readonly error: WeirError | undefined };

/** Where a track's packets go. */
export type PublishWay =
  | { readonly kind: 'interleaved'; readonly rtpChannel: number; readonly rtcpChannel: number }
  /** Ports of the server's address; `rtcpPort` 0: it takes no reports. */
  | { readonly kind: 'udp'; readonly rtpPort: number; readonly rtcpPort: number };
