/** What goes into and comes out of a `ClientMachine`: data, carried out by the edge (src/sources/rtsp). */
import type { TrackFormat } from '../../codec/track-format.ts';
import type { WeirError } from '../../errors.ts';
import type { UnusableSection } from '../../sdp/sdp-tracks.ts';
import type { PortPair } from '../wire/transport.ts';
import type { DialogueInput, DialogueOptions, DialogueOutput } from './dialogue-io.ts';
import type { KeepAliveMethod } from './keep-alive.ts';

/** How media travels: in the connection, in datagrams to us, in datagrams to a group. */
export type MediaWay = 'tcp' | 'udp' | 'multicast';

export interface ClientOptions extends Omit<DialogueOptions, 'side' | 'responseMs'> {
  /** To be tried in this order, each on a new connection: the next where one is refused or brings nothing. At least one. */
  readonly ways: readonly MediaWay[];
  /** Where to begin: what the last attempt ended with. */
  readonly keepAlive: KeepAliveMethod;
  readonly timeouts: ClientTimeouts;
}

export interface ClientTimeouts {
  /** To the answer of a request. */
  readonly responseMs: number;
  /** From PLAY's answer to the first media. */
  readonly firstByteMs: number;
  /** Without media while playing. */
  readonly idleMs: number;
}

export type ClientInput =
  | DialogueInput
  /** What `bind` asked for. */
  | { readonly kind: 'bound'; readonly track: number; readonly ports: PortPair }
  /** What `bind` or `join` asked for cannot be had. */
  | { readonly kind: 'not-bound'; readonly error: WeirError }
  /** What came to the ports of a track, in order; bytes of its own each. `track` as `bind` and `join` had it. */
  | {
      readonly kind: 'datagrams';
      readonly track: number;
      readonly part: 'rtp' | 'rtcp';
      readonly packets: readonly Uint8Array[];
    };

export type ClientOutput =
  | DialogueOutput
  /** Channels in use, for the framer. */
  | { readonly kind: 'channels'; readonly channels: ReadonlySet<number> }
  /** Open two ports for a track, and say which. Tracks are numbered as planned here: not as in `tracks`, where those that failed are missing. */
  | { readonly kind: 'bind'; readonly track: number }
  /** Receive what is sent to a group, at these ports. */
  | { readonly kind: 'join'; readonly track: number; readonly group: string; readonly ports: PortPair }
  /** Send something small from the ports of a track to those of the server, so that NATs and firewalls on the way let its media in. */
  | { readonly kind: 'punch'; readonly track: number; readonly ports: PortPair }
  /** Say BYE for all tracks that come in datagrams: TEARDOWN follows. */
  | { readonly kind: 'goodbye' }
  /** PLAY was answered: media of these tracks follows. */
  | { readonly kind: 'tracks'; readonly tracks: readonly ClientTrack[]; readonly skipped: readonly SkippedTrack[] }
  /** A packet of a track (index in `tracks`): a view, or a copy of what came early. */
  | { readonly kind: 'rtp'; readonly track: number; readonly packet: Uint8Array }
  | { readonly kind: 'rtcp'; readonly track: number; readonly packet: Uint8Array };

export interface ClientTrack {
  readonly format: Omit<TrackFormat, 'parameters'>;
  readonly url: string;
  readonly delivery: Delivery;
  /** What the server says it sends with, if it says. */
  readonly ssrc: number | undefined;
}

/** Where a track's media comes, and where reports go. `track`: its number as `bind` had it. */
export type Delivery =
  | { readonly kind: 'interleaved'; readonly rtpChannel: number; readonly rtcpChannel: number }
  /** `serverPorts`: where it sends from, if it says and if that is true (OpenIPC: mtx#4253). */
  | { readonly kind: 'udp'; readonly track: number; readonly serverPorts: PortPair | undefined }
  | { readonly kind: 'multicast'; readonly track: number; readonly group: string; readonly ports: PortPair };

export type SkippedTrack = UnusableSection;

/** Tolerated faults of one attempt. */
export interface ClientFaults {
  /** Bytes between units, and how often they came. */
  garbageBytes: number;
  resyncs: number;
  /** Responses with another CSeq than any request's, and responses to nothing. */
  cseqMismatches: number;
  unexpectedResponses: number;
  /** Frames before PLAY was sent, or more than are kept before its answer. */
  earlyFrames: number;
  unknownChannelFrames: number;
  notRtpFrames: number;
  /** Of a session that is no longer ours (live555 before 2017-06). */
  foreignSsrcFrames: number;
  /** Times that another way for media had to be tried. */
  transportFallbacks: number;
}

export function noClientFaults(): ClientFaults {
  return {
    garbageBytes: 0,
    resyncs: 0,
    cseqMismatches: 0,
    unexpectedResponses: 0,
    earlyFrames: 0,
    unknownChannelFrames: 0,
    notRtpFrames: 0,
    foreignSsrcFrames: 0,
    transportFallbacks: 0,
  };
}
