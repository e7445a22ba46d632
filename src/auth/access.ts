/**
 * Who may do what. Passwords are known only as HA1 (RFC 7616 §3.4.2), which serves Digest over RTSP and Basic over both.
 * `local` and `open` know no users: everybody may do everything, and where weir listens is what keeps others out of `local`.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { compilePattern } from '../config/stream-pattern.ts';
import type { AccessSettings, Right, UserSettings } from '../config/settings.ts';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** A user whose password was proved. */
export interface Identity {
  readonly name: string;
}

/** 'unauthorized': say who you are; 'forbidden': we know, and you may not. */
export type Verdict = 'ok' | 'unauthorized' | 'forbidden';

export class Access {
  readonly realm = 'weir';
  readonly #kind: AccessSettings['kind'];
  #users: ReadonlyMap<string, User> = new Map();
  /** Compared with when the name is unknown, so that unknown names take as long as wrong passwords. */
  readonly #nobody: User;

  constructor(settings: AccessSettings) {
    this.#nobody = userOf({ name: '', password: crypto.randomUUID(), may: [], streams: [] }, this.realm);
    this.#kind = settings.kind;
    this.apply(settings);
  }

  /** Whether anybody has to say who he is. */
  get required(): boolean {
    return this.#kind === 'users';
  }

  /**
   * Takes up changed users: holds from the next question on. Another kind of access waits for the next start, since where weir listens
   * goes with it: whoever takes `access` out of the file must not throw open what all interfaces reach.
   */
  apply(settings: AccessSettings): void {
    if (settings.kind !== this.#kind) return;
    const users = settings.kind === 'users' ? settings.users : [];
    this.#users = new Map(users.map((user) => [user.name, userOf(user, this.realm)]));
  }

  /** `stream` undefined: the server as a whole, which takes a user whose right is not bound to names. */
  authorize(identity: Identity | undefined, right: Right, stream: string | undefined): Verdict {
    if (!this.required) return 'ok';
    const user = identity === undefined ? undefined : this.#users.get(identity.name);
    if (user === undefined) return 'unauthorized';
    if (!user.may.has(right)) return 'forbidden';
    if (user.matchers === undefined) return 'ok';
    return stream !== undefined && user.matchers.some((matches) => matches(stream)) ? 'ok' : 'forbidden';
  }

  /** Name and password as Basic sends them; undefined if they are wrong. Takes the same time whatever is wrong. */
  verifyBasic(name: string, password: string): Identity | undefined {
    const user = this.#users.get(name);
    const expected = user ?? this.#nobody;
    const given = ha1('SHA-256', name, this.realm, password);
    const equal = timingSafeEqual(Buffer.from(given), Buffer.from(expected.ha1['SHA-256']));
    return user !== undefined && equal ? user.identity : undefined;
  }

  /** The user of that name, for whoever has proved the password otherwise (Digest). */
  identity(name: string): Identity | undefined {
    return this.#users.get(name)?.identity;
  }

  /** H(name:realm:password) in lower-case hex; undefined for an unknown name. */
  ha1(name: string, algorithm: DigestAlgorithm): string | undefined {
    return this.#users.get(name)?.ha1[algorithm];
  }
}

interface User {
  readonly identity: Identity;
  readonly ha1: Readonly<Record<DigestAlgorithm, string>>;
  readonly may: ReadonlySet<Right>;
  readonly matchers: readonly ((name: string) => boolean)[] | undefined;
}

function userOf(settings: UserSettings, realm: string): User {
  const { name, password } = settings;
  return {
    identity: { name },
    ha1: { MD5: ha1('MD5', name, realm, password), 'SHA-256': ha1('SHA-256', name, realm, password) },
    may: new Set(settings.may),
    matchers: settings.streams?.map(compilePattern),
  };
}

function ha1(algorithm: DigestAlgorithm, name: string, realm: string, password: string): string {
  const hash = createHash(algorithm === 'MD5' ? 'md5' : 'sha256');
  return hash.update(`${name}:${realm}:${password}`).digest('hex');
}
