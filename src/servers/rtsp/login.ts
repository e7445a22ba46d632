/** Who may do what a request asks for: the pure checker of core, what `Access` knows, and the brake on guessing. */
import type { Access } from '../../auth/access.ts';
import type { WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import { LoginChecker } from '../../core/rtsp/server/login.ts';
import type { LoginNeed, ServerAnswer } from '../../core/rtsp/server/server-io.ts';

export interface LoginOptions {
  readonly access: Access;
  readonly limiter: WrongPasswordLimiter;
  readonly clock: Clock;
  readonly hash: Hash;
  /** Unguessable, for nonces. */
  readonly secret: string;
}

/** Who it is, or the answer that the peer gets instead of what it asked for. */
export type LoginOutcome =
  | { readonly kind: 'may'; readonly user: string | undefined }
  | Extract<ServerAnswer, { readonly kind: 'unauthorized' | 'refused' }>;

export class Login {
  readonly #options: LoginOptions;
  readonly #checker: LoginChecker;

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#checker = new LoginChecker(options.access, options.hash, options.secret);
  }

  /** `address`: the peer's, without port. */
  check(need: LoginNeed, address: string): LoginOutcome {
    const { access, limiter, clock } = this.#options;
    if (!access.required) return { kind: 'may', user: undefined };
    const claimed = this.#checker.claimedName(need.request.authorization);
    if (claimed !== undefined && !limiter.allows(address, claimed)) {
      return refused('too-many-attempts', 'Too many wrong passwords for this user from this address');
    }
    const result = this.#checker.check(need.request, address, clock.monoMs());
    if (result.kind === 'wrong') limiter.wrong(address, result.name);
    const identity = result.kind === 'user' ? access.identity(result.name) : undefined;
    switch (access.authorize(identity, need.right, need.stream)) {
      case 'ok':
        return { kind: 'may', user: identity?.name };
      case 'forbidden':
        return refused('forbidden', `The user may not ${need.right} ${need.stream}`);
      case 'unauthorized': {
        const challenges = this.#checker.challenges(address, clock.monoMs(), result.kind === 'stale');
        return { kind: 'unauthorized', challenges };
      }
    }
  }
}

function refused(code: 'forbidden' | 'too-many-attempts', message: string): LoginOutcome {
  return { kind: 'refused', error: new WeirError(code, message) };
}
