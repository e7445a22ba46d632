/**
 * Who reads a relay. Each batch goes to each reader once, in order; one that could not be given a GOP to start with waits for the
 * next key frame. Nothing is allocated a batch and reader.
 */
import type { WeirError } from '../core/errors.ts';
import type { Batch } from './batch.ts';
import { lease } from './lease.ts';
import type { RelayReader } from './stream.ts';
import type { Lease } from './timeline.ts';

interface Entry {
  readonly reader: RelayReader;
  waiting: boolean;
  open: boolean;
}

export class RelayReaders {
  /** Replaced when somebody comes or goes, so that a loop over it goes on undisturbed. */
  #entries: readonly Entry[] = [];

  attach(reader: RelayReader, waiting: boolean): Lease {
    const entry: Entry = { reader, waiting, open: true };
    this.#entries = [...this.#entries, entry];
    return lease(() => {
      entry.open = false;
      this.#entries = this.#entries.filter((other) => other !== entry);
    });
  }

  count(protocol: RelayReader['protocol']): number {
    let count = 0;
    for (const { reader } of this.#entries) if (reader.protocol === protocol) count++;
    return count;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** `start`: who waits can begin with this batch. */
  deliver(batch: Batch, start: boolean): void {
    for (const entry of this.#entries) {
      if (!entry.open) continue;
      if (entry.waiting) {
        if (!start) continue;
        entry.waiting = false;
      }
      entry.reader.deliver(batch);
    }
  }

  /** Ends them all, told why. */
  end(error: WeirError): void {
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) {
      if (!entry.open) continue;
      entry.open = false;
      entry.reader.end(error);
    }
  }
}
