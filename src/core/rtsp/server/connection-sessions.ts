/**
 * The sessions of one connection and the interleaved channels that they use (RFC 2326 §10.12: 0 to 255, one space for all of
 * them), and what was announced on it.
 */
import { WeirError } from '../../errors.ts';
import type { Announcement } from './announcement.ts';
import type { SessionPurpose } from './session-state.ts';
import { MAX_SESSIONS_PER_ADDRESS, type SessionTable } from './session-table.ts';
import { ServerSession, type SessionTrack } from './session.ts';
import type { RequestTarget } from './target.ts';
import { assignChannels, type ChannelPair } from './transport-choice.ts';

export const MAX_SESSIONS_PER_CONNECTION = 8;
export const MAX_TRACKS_PER_SESSION = 16;

/** Whose channel it is. */
export interface ChannelUse {
  readonly session: ServerSession;
  readonly track: number;
  readonly part: 'rtp' | 'rtcp';
}

/** What was announced, and by whom; undefined where nobody has to say. */
export interface AnnouncedBy {
  readonly announcement: Announcement;
  readonly user: string | undefined;
}

export class ConnectionSessions {
  readonly #table: SessionTable;
  readonly #address: string;
  readonly #own = new Set<ServerSession>();
  readonly #channels: (ChannelUse | undefined)[] = [];
  announced: AnnouncedBy | undefined;
  /** What was last described: URLs that say less mean it. */
  #described: RequestTarget | undefined;

  /** `address`: the peer's. */
  constructor(table: SessionTable, address: string) {
    this.#table = table;
    this.#address = address;
  }

  get all(): ReadonlySet<ServerSession> {
    return this.#own;
  }

  /** A session by its id, of this or another connection. */
  find(id: string): ServerSession | undefined {
    return this.#table.get(id);
  }

  described(target: RequestTarget): void {
    this.#described = target;
  }

  /**
   * A SETUP's target, completed from what was described. A track alone, as `rtsp://host/trackID=0`, is what remains of a relative
   * control joined to a base whose query held the only slash.
   */
  complete(target: RequestTarget): RequestTarget {
    const described = this.#described;
    const named = target.stream === '' && target.track !== undefined ? described?.stream : target.stream;
    const start = target.start ?? (described?.stream === named ? described?.start : undefined);
    return { stream: named ?? target.stream, track: target.track, start };
  }

  owns(session: ServerSession): boolean {
    return this.#own.has(session);
  }

  get channels(): ReadonlySet<number> {
    return new Set(this.#channels.flatMap((use, channel) => (use === undefined ? [] : [channel])));
  }

  channel(channel: number): ChannelUse | undefined {
    return this.#channels[channel];
  }

  /** Another session, in phase `init`; it counts from its first track on. */
  create(purpose: SessionPurpose, stream: string, user: string | undefined, nowMs: number, uri: string): ServerSession {
    return new ServerSession(this.#table.newId(), purpose, stream, user, nowMs, uri);
  }

  /** Takes the session up, before its first track: it is there from now on. Undefined if it may; `limit-reached` otherwise. */
  admit(session: ServerSession, track: number): WeirError | undefined {
    if (!this.#own.has(session) && this.#own.size >= MAX_SESSIONS_PER_CONNECTION) {
      return tooMany('sessions on one connection', MAX_SESSIONS_PER_CONNECTION);
    }
    if (session.track(track) === undefined && session.tracks.length >= MAX_TRACKS_PER_SESSION) {
      return tooMany('tracks in one session', MAX_TRACKS_PER_SESSION);
    }
    if (!this.#table.add(session, this.#address)) return tooMany('sessions of one address', MAX_SESSIONS_PER_ADDRESS);
    this.#own.add(session);
    return undefined;
  }

  /** Adds a track of an admitted session, or gives it another way. */
  addTrack(session: ServerSession, added: SessionTrack): void {
    const { track, way } = added;
    const former = session.track(track);
    if (former !== undefined) this.#release(former);
    session.addTrack(added);
    if (way.kind !== 'interleaved') return;
    this.#channels[way.channels[0]] = { session, track, part: 'rtp' };
    this.#channels[way.channels[1]] = { session, track, part: 'rtcp' };
  }

  /** Free channels for a track, or those that it has; `limit-reached` if all are used. */
  channelsFor(session: ServerSession, track: number, wanted: ChannelPair | undefined): ChannelPair | WeirError {
    const taken = (channel: number): boolean => {
      const use = this.#channels[channel];
      return use !== undefined && (use.session !== session || use.track !== track);
    };
    return assignChannels(wanted, taken) ?? tooMany('interleaved channels', 256);
  }

  removeTrack(session: ServerSession, track: SessionTrack): void {
    if (this.#own.has(session)) this.#release(track);
    session.removeTrack(track.track);
  }

  /** Idempotent. A publisher's session takes its announcement with it. */
  forget(session: ServerSession): void {
    if (!this.#own.delete(session)) return;
    for (const track of session.tracks) this.#release(track);
    this.#table.remove(session, this.#address);
    session.end();
    if (session.purpose === 'record') this.announced = undefined;
  }

  /** Forgets a session that got no track; what was announced may be set up otherwise. */
  giveUp(session: ServerSession): void {
    const { announced } = this;
    if (!this.#own.has(session)) return;
    this.forget(session);
    this.announced = announced;
  }

  #release(track: SessionTrack): void {
    if (track.way.kind !== 'interleaved') return;
    for (const channel of track.way.channels) this.#channels[channel] = undefined;
  }
}

function tooMany(what: string, limit: number): WeirError {
  return new WeirError('limit-reached', `Too many ${what}`, { expected: `at most ${limit}` });
}
