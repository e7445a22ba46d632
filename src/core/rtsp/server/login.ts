/**
 * Who a request comes from (RFC 2326 §D.1, RFC 7616, RFC 7617), decided without keeping anything for a peer: a nonce carries the
 * time of its making and a seal that only this server can make, bound to the peer's address.
 *
 *     nonce = "{made, ms, base 36}.{H(secret:made:address), 32 hex digits}"
 */
import { parseAuthorization, verifyDigest, type DigestAuthorization } from '../digest/authorization.ts';
import { serialiseChallenge, type Hash, type HashAlgorithm } from '../digest/challenge.ts';
import { parseTarget, withoutUserinfo } from './target.ts';

/** A client that takes longer from challenge to answer is challenged again, with stale=true: it need not ask its user. */
export const NONCE_LIFETIME_MS = 300_000;

/** What is known of users; src/auth's Access gives it. */
export interface KnownUsers {
  readonly realm: string;
  /** H(name:realm:password); undefined for an unknown name. */
  ha1(name: string, algorithm: HashAlgorithm): string | undefined;
  /** Undefined if name or password is wrong. */
  verifyBasic(name: string, password: string): unknown;
}

export interface LoginRequest {
  readonly method: string;
  readonly uri: string;
  /** The Authorization header. */
  readonly authorization: string | undefined;
}

export type LoginResult =
  /** No credentials, or none that can be read: clients begin that way, so it is no attack. */
  | { readonly kind: 'nobody' }
  /** An answer to a nonce that is too old, or not ours (a restart, another address). */
  | { readonly kind: 'stale' }
  | { readonly kind: 'wrong'; readonly name: string }
  | { readonly kind: 'user'; readonly name: string };

export class LoginChecker {
  readonly #users: KnownUsers;
  readonly #hash: Hash;
  readonly #secret: string;

  /** `secret`: unguessable, the same while the server runs. */
  constructor(users: KnownUsers, hash: Hash, secret: string) {
    this.#users = users;
    this.#hash = hash;
    this.#secret = secret;
  }

  /** `address`: the peer's, without port. `nowMs`: monotonic. */
  check(request: LoginRequest, address: string, nowMs: number): LoginResult {
    const given = request.authorization === undefined ? undefined : parseAuthorization(request.authorization);
    if (given === undefined) return { kind: 'nobody' };
    if (given.scheme === 'digest') return this.#checkDigest(given, request, address, nowMs);
    const known = this.#users.verifyBasic(given.user, given.password) !== undefined;
    return { kind: known ? 'user' : 'wrong', name: given.user };
  }

  /** The name that is claimed, so that guessing can be stopped before a password is looked at. */
  claimedName(authorization: string | undefined): string | undefined {
    const given = authorization === undefined ? undefined : parseAuthorization(authorization);
    return given?.scheme === 'digest' ? given.username : given?.user;
  }

  /**
   * Values of WWW-Authenticate, the strongest first. Never SHA-256 alone: FFmpeg knows MD5 and Basic only, and believes the last
   * Digest that is named, as older live555 does.
   */
  challenges(address: string, nowMs: number, stale: boolean): readonly string[] {
    const { realm } = this.#users;
    const nonce = this.#nonce(Math.floor(nowMs), address);
    const digest = (algorithm: HashAlgorithm): string =>
      serialiseChallenge({
        scheme: 'digest',
        realm,
        nonce,
        algorithm,
        algorithmGiven: true,
        qop: 'auth',
        opaque: undefined,
        stale,
      });
    return [digest('SHA-256'), digest('MD5'), serialiseChallenge({ scheme: 'basic', realm })];
  }

  #checkDigest(given: DigestAuthorization, request: LoginRequest, address: string, nowMs: number): LoginResult {
    if (given.realm !== this.#users.realm) return { kind: 'nobody' };
    if (!this.#isFresh(given.nonce, address, nowMs)) return { kind: 'stale' };
    const ha1 = this.#users.ha1(given.username, given.algorithm) ?? this.#hash(given.algorithm, this.#secret);
    const right = verifyDigest(given, request.method, ha1, this.#hash) && isSameResource(given.uri, request.uri);
    return { kind: right ? 'user' : 'wrong', name: given.username };
  }

  #nonce(madeMs: number, address: string): string {
    const made = madeMs.toString(36);
    return `${made}.${this.#hash('SHA-256', `${this.#secret}:${made}:${address}`).slice(0, 32)}`;
  }

  #isFresh(nonce: string, address: string, nowMs: number): boolean {
    const madeMs = Number.parseInt(nonce.split('.', 1)[0] ?? '', 36);
    if (!Number.isSafeInteger(madeMs) || madeMs > nowMs || nowMs - madeMs > NONCE_LIFETIME_MS) return false;
    return this.#nonce(madeMs, address) === nonce;
  }
}

/**
 * Whether the URI that was signed means what was asked for. Clients sign the base URL, the track's URL or a relative path (gsl
 * auth/verify.go: VLC, HappyTime, Bosch BVMS): all that names the same stream is taken.
 */
function isSameResource(signed: string, requested: string): boolean {
  if (signed === requested || signed === withoutUserinfo(requested)) return true;
  const wanted = parseTarget(requested)?.stream;
  if (wanted === undefined) return false;
  const target = parseTarget(signed) ?? parseTarget(`/${signed}`);
  if (target?.stream === wanted) return true;
  // A relative control alone: `trackID=0`.
  return signed !== '' && requested.endsWith(`/${signed}`);
}
