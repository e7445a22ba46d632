/**
 * Connections on which nobody has shown yet that he may be here: they cost nothing but their number, so that is limited. Who connects anew
 * is let in; the oldest of them go.
 */
import { OldestFirst } from '../../base/oldest-first.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';

/** Of all addresses together, at any moment. */
export const MAX_UNPROVEN_CONNECTIONS = 2000;
/** Of one address, looked at once a second: a whole house behind one address may well come at once, and each says in that second who he is. */
export const MAX_UNPROVEN_PER_ADDRESS = 100;

export interface Unproven {
  readonly pipe: BytePipe;
}

export class Admission<C extends Unproven> {
  readonly #unproven = new OldestFirst<C, C>(MAX_UNPROVEN_CONNECTIONS);

  /** Returns who has to go for it, if anybody has. */
  enter(connection: C): C | undefined {
    return this.#unproven.add(connection, connection);
  }

  /** It is proven, or gone. Idempotent. */
  leave(connection: C): void {
    this.#unproven.take(connection);
  }

  /** The oldest of addresses that have too many. */
  surplus(): readonly C[] {
    const counts = new Map<string, number>();
    for (const { pipe } of this.#unproven.values())
      counts.set(pipe.remoteAddress, (counts.get(pipe.remoteAddress) ?? 0) + 1);
    return [...this.#unproven.values()].filter(({ pipe: { remoteAddress } }) => {
      const count = counts.get(remoteAddress) ?? 0;
      counts.set(remoteAddress, count - 1);
      return count > MAX_UNPROVEN_PER_ADDRESS;
    });
  }
}
