/** What goes into and comes out of a `ServerConnection`: data, carried out by the edge (src/servers/rtsp). */
import type { WeirError } from '../../errors.ts';
import type { Announcement } from './announcement.ts';
import type { LoginRequest } from './login.ts';
import type { MediaWay, WayKind } from './media-way.ts';
import type { PortPair } from '../wire/transport.ts';
import type { RtspRequest } from '../wire/message.ts';
import type { ServerSession } from './session.ts';

export type ServerInput =
  | { readonly kind: 'request'; readonly request: RtspRequest }
  /** To the one `ask` that is open. */
  | { readonly kind: 'answer'; readonly answer: ServerAnswer }
  /** The peer's RTCP came: it lives. */
  | { readonly kind: 'heard' }
  /** The edge ends a session: its stream ended, the reader is too slow, another publisher took over. */
  | { readonly kind: 'end-session'; readonly session: ServerSession }
  /** The session's reader is to go on at another URL (§10.10). */
  | { readonly kind: 'redirect'; readonly session: ServerSession; readonly to: string }
  /** What came after the last request is no RTSP: nothing more is read. */
  | { readonly kind: 'unreadable'; readonly error: WeirError }
  /** About a second went by. */
  | { readonly kind: 'tick' };

export type ServerOutput =
  /** A response or a request of ours, to be written before anything that follows. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Something that only the edge knows. It answers once; until then no other request is looked at. */
  | { readonly kind: 'ask'; readonly ask: ServerAsk }
  /** The response to PLAY or RECORD went out: media may flow. */
  | { readonly kind: 'flow'; readonly session: ServerSession }
  /** A reader gave back one of its tracks. */
  | { readonly kind: 'track-ended'; readonly session: ServerSession; readonly track: number }
  /** Another SETUP gave its only track a way of another kind: what it had of the former is free. */
  | { readonly kind: 'way-left'; readonly session: ServerSession; readonly way: WayKind }
  /** The session is no more: tear-down, time-out. It may be another connection's. */
  | { readonly kind: 'ended'; readonly session: ServerSession; readonly why: 'teardown' | 'timeout' }
  /** Close the connection once everything is sent; `error` if the peer is to blame, who has been told. The last output. */
  | { readonly kind: 'close'; readonly error: WeirError | undefined };

/** Which right the request needs, and on what. An ask without it was proved before: it is about the connection's own session. */
export interface LoginNeed {
  readonly request: LoginRequest;
  readonly right: 'read' | 'publish';
  readonly stream: string;
}

export type ServerAsk =
  /** The description of a stream; waits, bounded, for an on-demand source and its parameter sets. */
  | { readonly kind: 'describe'; readonly login: LoginNeed; readonly stream: string }
  /** May this be published? */
  | { readonly kind: 'announce'; readonly login: LoginNeed; readonly announcement: Announcement }
  /** The tracks of a stream, for a SETUP. */
  | {
      readonly kind: 'tracks';
      readonly login: LoginNeed;
      readonly stream: string;
    }
  /** Ports or a group for a track of a session, until it goes another way or the session ends; a publisher's track has been allowed before. */
  | {
      readonly kind: 'way';
      readonly login: undefined;
      readonly session: ServerSession;
      readonly track: number;
      /** Of what a reader is sent; undefined: a publisher chooses its own. */
      readonly ssrc: number | undefined;
      readonly wanted: WantedWay;
    }
  /** Attach the reader, hold everything until `flow`. Asked again after a PAUSE. */
  | { readonly kind: 'play'; readonly login: LoginNeed | undefined; readonly session: ServerSession }
  | { readonly kind: 'pause'; readonly login: LoginNeed | undefined; readonly session: ServerSession }
  /** Make the publisher the stream's source. */
  | {
      readonly kind: 'record';
      readonly login: LoginNeed | undefined;
      readonly session: ServerSession;
      readonly announcement: Announcement;
    }
  | { readonly kind: 'teardown'; readonly login: LoginNeed | undefined; readonly session: ServerSession }
  /** What is known of a session, for GET_PARAMETER and SET_PARAMETER. */
  | { readonly kind: 'parameters'; readonly login: LoginNeed | undefined; readonly session: ServerSession };

export type ServerAnswer =
  | { readonly kind: 'ok'; readonly user: string | undefined }
  | { readonly kind: 'described'; readonly sdp: Uint8Array }
  /** SSRC of each track of the stream, in order. */
  | { readonly kind: 'tracks'; readonly ssrcs: readonly number[]; readonly user: string | undefined }
  | { readonly kind: 'way'; readonly way: MediaWay }
  | { readonly kind: 'no-way'; readonly error: WeirError }
  /** Where each track that the session has set up begins; undefined if that is not known for all. */
  | { readonly kind: 'playing'; readonly starts: readonly TrackStart[] | undefined }
  /** Values by name. */
  | { readonly kind: 'parameters'; readonly values: ReadonlyMap<string, string> }
  /** It is to be had at another URL. */
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'unauthorized'; readonly challenges: readonly string[] }
  | { readonly kind: 'refused'; readonly error: WeirError };

/** What a SETUP wants that only the edge can give. */
export type WantedWay = { readonly kind: 'udp'; readonly clientPorts: PortPair } | { readonly kind: 'multicast' };

export interface TrackStart {
  readonly track: number;
  /** Undefined: its first packet has not come yet. */
  readonly sequence: number | undefined;
  readonly rtpTime: number;
}
