/** What goes into and comes out of a `PublishMachine`: data, carried out by the edge (src/cli/push). */
import type { TrackFormat } from '../../codec/track-format.ts';
import type { PortPair } from '../wire/transport.ts';
import type { DialogueInput, DialogueOptions, DialogueOutput } from './dialogue-io.ts';

export interface PublishOptions extends Omit<DialogueOptions, 'side'> {
  /** At least one. Their payload types are those of the packets that will be sent. */
  readonly tracks: readonly TrackFormat[];
  /** Our RTP and RTCP ports, one pair a track; undefined: media goes into the connection. */
  readonly ports: readonly PortPair[] | undefined;
}

/** `stop`: all is sent. */
export type PublishInput =
  | DialogueInput
  /** A report of the server's came to our ports. */
  | { readonly kind: 'heard' };

export type PublishOutput =
  | DialogueOutput
  /** RECORD was answered: media may flow, each track its way, in the order of the options. */
  | { readonly kind: 'recording'; readonly ways: readonly PublishWay[] };

/** Where a track's packets go. */
export type PublishWay =
  | { readonly kind: 'interleaved'; readonly rtpChannel: number; readonly rtcpChannel: number }
  /** Ports of the server's address; `rtcpPort` 0: it takes no reports. */
  | { readonly kind: 'udp'; readonly rtpPort: number; readonly rtcpPort: number };
