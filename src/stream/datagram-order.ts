/** The datagrams of one track, put in order before they go on: a reorder window and its timer. */
import type { Clock, Timer } from '../base/clock.ts';
import { ReorderWindow } from '../core/rtp/reorder-window.ts';

export interface DatagramOrderOptions {
  readonly clock: Clock;
  /** Counted into: packets that came again while the first of them waited for its turn. */
  readonly faults: { doubledPackets: number };
  /** At least one, in order. */
  readonly deliver: (packets: readonly Uint8Array[]) => void;
}

export class DatagramOrder {
  readonly #options: DatagramOrderOptions;
  readonly #window = new ReorderWindow();
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: DatagramOrderOptions) {
    this.#options = options;
  }

  /** Keeps the datagram if it has to wait: bytes of its own. */
  push(datagram: Uint8Array): void {
    const { clock, faults } = this.#options;
    const doubledBefore = this.#window.doubled;
    const ordered: Uint8Array[] = [];
    this.#window.push(datagram, clock.monoMs(), ordered);
    faults.doubledPackets += this.#window.doubled - doubledBefore;
    this.#deliver(ordered);
  }

  /** What waits is thrown away. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #deliver(ordered: readonly Uint8Array[]): void {
    if (ordered.length > 0) this.#options.deliver(ordered);
    const { dueMs } = this.#window;
    if (dueMs === undefined || this.#closed) {
      this.#timer?.cancel();
      this.#timer = undefined;
      return;
    }
    if (this.#timer !== undefined) return;
    const { clock } = this.#options;
    this.#timer = clock.after(Math.max(dueMs - clock.monoMs(), 0), () => {
      this.#timer = undefined;
      const late: Uint8Array[] = [];
      this.#window.expire(clock.monoMs(), late);
      this.#deliver(late);
    });
  }
}
