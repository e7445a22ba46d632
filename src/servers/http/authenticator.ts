/** Who a request comes from: HTTP Basic (RFC 7617) against the users, with guessing slowed. */
import type { IncomingMessage } from 'node:http';
import type { Access, Identity } from '../../auth/access.ts';
import type { WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import type { Right } from '../../config/settings.ts';
import { WeirError } from '../../core/errors.ts';

export class Authenticator {
  readonly #access: Access;
  readonly #limiter: WrongPasswordLimiter;

  constructor(access: Access, limiter: WrongPasswordLimiter) {
    this.#access = access;
    this.#limiter = limiter;
  }

  get realm(): string {
    return this.#access.realm;
  }

  /** Undefined if nobody has to say who he is, or nothing was said. Throws `unauthorized` for a wrong password, `too-many-attempts`. */
  identify(request: IncomingMessage): Identity | undefined {
    const header = request.headers.authorization;
    if (!this.#access.required || header === undefined) return undefined;
    const credentials = parseBasic(header);
    if (credentials === undefined) throw new WeirError('unauthorized', 'Only Basic credentials are understood here');
    const { name, password } = credentials;
    const address = request.socket.remoteAddress ?? '';
    if (!this.#limiter.allows(address, name))
      throw new WeirError('too-many-attempts', 'Too many wrong passwords for this user');
    const identity = this.#access.verifyBasic(name, password);
    if (identity !== undefined) return identity;
    this.#limiter.wrong(address, name);
    throw new WeirError('unauthorized', 'User name or password is wrong');
  }

  may(identity: Identity | undefined, right: Right, stream: string | undefined): boolean {
    return this.#access.authorize(identity, right, stream) === 'ok';
  }

  /** Throws `unauthorized` or `forbidden` unless one of the rights is there. */
  demand(identity: Identity | undefined, rights: readonly Right[], stream: string | undefined): void {
    const verdicts = rights.map((right) => this.#access.authorize(identity, right, stream));
    if (verdicts.includes('ok')) return;
    if (verdicts.includes('unauthorized')) throw new WeirError('unauthorized', 'This needs a user name and password');
    const of = stream === undefined ? 'of the whole server' : `of ${stream}`;
    throw new WeirError('forbidden', `The user ${identity?.name ?? ''} has no right '${rights.join("' or '")}' ${of}`);
  }

  /** Throws `unauthorized` where users are asked for and nobody said who he is. */
  demandIdentity(identity: Identity | undefined): void {
    if (this.#access.required && identity === undefined)
      throw new WeirError('unauthorized', 'This needs a user name and password');
  }
}

const MAX_CREDENTIALS_LENGTH = 1024;

function parseBasic(header: string): { readonly name: string; readonly password: string } | undefined {
  const match = header.length > MAX_CREDENTIALS_LENGTH ? null : /^Basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header);
  if (match === null) return undefined;
  const text = Buffer.from(match[1] ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
