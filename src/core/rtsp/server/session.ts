/** One session (RFC 2326 §12.37): its phase, and the ways that its tracks travel. It knows nothing of sockets. */
import type { MediaWay } from './media-way.ts';
import { nextPhase, type SessionMethod, type SessionPhase, type SessionPurpose } from './session-state.ts';
import type { ReaderStart } from './target.ts';

export interface SessionTrack {
  /** Index in the stream's, or the announcement's, list. */
  readonly track: number;
  readonly way: MediaWay;
  /** As its SETUP named it, without user and password. */
  readonly uri: string;
}

export class ServerSession {
  readonly id: string;
  readonly purpose: SessionPurpose;
  readonly stream: string;
  /** Who set it up; undefined where nobody has to say. */
  readonly user: string | undefined;
  /** As the peer names the stream, without track and query: what our own requests are about. */
  readonly uri: string;
  #start: ReaderStart | undefined;
  #phase: SessionPhase = 'init';
  readonly #tracks = new Map<number, SessionTrack>();
  #heardMs: number;

  constructor(
    id: string,
    purpose: SessionPurpose,
    stream: string,
    user: string | undefined,
    nowMs: number,
    uri = `/${stream}`,
  ) {
    this.id = id;
    this.uri = uri;
    this.purpose = purpose;
    this.stream = stream;
    this.user = user;
    this.#heardMs = nowMs;
  }

  get phase(): SessionPhase {
    return this.#phase;
  }

  /** In the order of their setting up. */
  get tracks(): readonly SessionTrack[] {
    return [...this.#tracks.values()];
  }

  /** How its reader begins: as the last URL said that said so. */
  get start(): ReaderStart {
    return this.#start ?? 'live';
  }

  /** When the peer last showed that it lives: monotonic milliseconds. */
  get heardMs(): number {
    return this.#heardMs;
  }

  heard(nowMs: number): void {
    this.#heardMs = Math.max(this.#heardMs, nowMs);
  }

  allows(method: SessionMethod): boolean {
    return nextPhase(this.#phase, this.purpose, method) !== undefined;
  }

  /** It is no more: every method but SETUP is refused from now on. */
  end(): void {
    this.#phase = 'init';
  }

  /** The phase changes, if it allows `method`. */
  done(method: SessionMethod): void {
    this.#phase = nextPhase(this.#phase, this.purpose, method) ?? this.#phase;
  }

  wantsStart(start: ReaderStart | undefined): void {
    this.#start = start ?? this.#start;
  }

  track(index: number): SessionTrack | undefined {
    return this.#tracks.get(index);
  }

  addTrack(track: SessionTrack): void {
    this.#tracks.set(track.track, track);
  }

  removeTrack(index: number): void {
    this.#tracks.delete(index);
  }
}
