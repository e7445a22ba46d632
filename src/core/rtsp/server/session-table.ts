/** The sessions of one server, by id: a request may come over another connection than the session's own (RFC 2326 §12.37). */
import type { ServerSession } from './session.ts';

/** A large house behind one address, or a proxy; past it somebody forgets to end what he began. */
export const MAX_SESSIONS_PER_ADDRESS = 1000;

export class SessionTable {
  readonly #sessions = new Map<string, ServerSession>();
  /** How many each address has. */
  readonly #counts = new Map<string, number>();
  readonly #newId: () => string;

  /** `newId`: unguessable text of letters and digits, since who knows it may use the session. */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  newId(): string {
    return this.#newId();
  }

  get(id: string): ServerSession | undefined {
    return this.#sessions.get(id);
  }

  /** `address`: of the peer whose it is. Adding it again changes nothing. False: the address has too many. */
  add(session: ServerSession, address: string): boolean {
    if (this.#sessions.has(session.id)) return true;
    const count = this.#counts.get(address) ?? 0;
    if (count >= MAX_SESSIONS_PER_ADDRESS) return false;
    this.#counts.set(address, count + 1);
    this.#sessions.set(session.id, session);
    return true;
  }

  /** Idempotent. */
  remove(session: ServerSession, address: string): void {
    if (!this.#sessions.delete(session.id)) return;
    const left = (this.#counts.get(address) ?? 0) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
