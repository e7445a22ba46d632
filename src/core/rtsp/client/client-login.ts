/**
 * A client's login at one server: which challenge of a 401 it answers, and the header that answers it. For RTSP and for HTTP alike.
 *
 * The strongest first: Digest with SHA-256, with MD5, then Basic. Basic sends the password itself: once a Digest was asked for, this login never gives it,
 * or a wrong password, and whoever takes it, would be disclosed by one refusal. The next attempt at the server is another login, and so is that of an HTTP
 * tunnel beside that of what is said in it: a camera that was set to Basic meanwhile gets in.
 */
import { authorize, type Credentials } from '../digest/authorization.ts';
import { parseChallenges, type Challenge, type Hash, type HashAlgorithm } from '../digest/challenge.ts';

export type ChallengeKind = 'basic' | HashAlgorithm;

/** Why a 401 cannot be answered. */
export type Unanswerable = 'no-credentials' | 'unknown-scheme' | 'refused';

export interface ClientLoginOptions {
  readonly hash: Hash;
  /** Unguessable text for a digest's cnonce: letters and digits. */
  readonly nonce: () => string;
}

/** A server may say that a nonce is too old, but not for ever. */
export const MAX_STALE_NONCES = 3;

export class ClientLogin {
  readonly #options: ClientLoginOptions;
  #credentials: Credentials | undefined;
  /** The one that is being answered. */
  #challenge: Challenge | undefined;
  #nonceCount = 0;

  constructor(options: ClientLoginOptions, credentials: Credentials | undefined) {
    this.#options = options;
    this.#credentials = credentials;
  }

  /** From now on with these: what was learnt of the server stays with the very same ones only. */
  become(credentials: Credentials | undefined): void {
    if (credentials !== this.#credentials) this.#challenge = undefined;
    this.#credentials = credentials;
  }

  /**
   * Takes up a challenge of a 401 (`values`: its WWW-Authenticate headers), which requests then answer. `answered`: which kinds the refused request was
   * sent again with, in order.
   */
  take(values: readonly string[], answered: readonly ChallengeKind[]): { readonly kind: ChallengeKind } | Unanswerable {
    if (this.#credentials === undefined) return 'no-credentials';
    const challenges = parseChallenges(values);
    if (challenges.length === 0) return 'unknown-scheme';
    const challenge = this.#next(challenges, answered);
    if (challenge === undefined) return 'refused';
    this.#challenge = challenge;
    this.#nonceCount = 0;
    return { kind: kindOf(challenge) };
  }

  /** The value of a request's Authorization header; undefined as long as nothing was asked. */
  authorization(method: string, uri: string): string | undefined {
    if (this.#challenge === undefined || this.#credentials === undefined) return undefined;
    this.#nonceCount += 1;
    const { hash, nonce } = this.#options;
    const request = { credentials: this.#credentials, method, uri, nonceCount: this.#nonceCount, cnonce: nonce() };
    return authorize(this.#challenge, request, hash);
  }

  /**
   * Each kind once: a server may offer SHA-256 and take MD5 alone. What it took for another request comes before all, and a nonce that was too old is no
   * refusal.
   */
  #next(challenges: readonly Challenge[], answered: readonly ChallengeKind[]): Challenge | undefined {
    const digestOnly = [...challenges, this.#challenge].some((challenge) => challenge?.scheme === 'digest');
    const usable = challenges.filter(({ scheme }) => !digestOnly || scheme === 'digest');
    const last = answered.at(-1) ?? (this.#challenge && kindOf(this.#challenge));
    const same = usable.find((challenge) => kindOf(challenge) === last);
    const stale = same?.scheme === 'digest' && same.stale && answered.length < MAX_STALE_NONCES;
    if (stale || (same !== undefined && answered.length === 0)) return same;
    return usable.find((challenge) => !answered.includes(kindOf(challenge)));
  }
}

function kindOf(challenge: Challenge): ChallengeKind {
  return challenge.scheme === 'basic' ? 'basic' : challenge.algorithm;
}
