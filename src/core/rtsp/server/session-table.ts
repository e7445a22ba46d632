/** The sessions of one server, by id: a request may come over another connection than the session's own (RFC 2326 §12.37). */
import type { ServerSession } from './session.ts';

export class SessionTable {
  readonly #sessions = new Map<string, ServerSession>();
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

  add(session: ServerSession): void {
    this.#sessions.set(session.id, session);
  }

  remove(session: ServerSession): void {
    this.#sessions.delete(session.id);
  }
}
