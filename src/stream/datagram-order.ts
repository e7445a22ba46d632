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

/**
 * When a wait is over, what fills the gap may be in the socket already: a thread that was busy for so long finds its timers due before it reads. So the
 * gap is given up only once a look at the socket brought nothing; so many looks empty the largest receive buffer, whatever goes on coming.
 */
export const LAST_LOOKS_MAX = 64;

export class DatagramOrder {
  readonly #options: DatagramOrderOptions;
  readonly #window = new ReorderWindow();
  #timer: Timer | undefined;
  /** Datagrams so far. */
  #taken = 0;
  #closed = false;

  constructor(options: DatagramOrderOptions) {
    this.#options = options;
  }

  /** Keeps the datagram if it has to wait: bytes of its own. */
  push(datagram: Uint8Array): void {
    const { clock, faults } = this.#options;
    this.#taken += 1;
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
    const waitMs = Math.max(dueMs - clock.monoMs(), 0);
    this.#timer = clock.after(waitMs, () => this.#lookOnce(clock.monoMs(), LAST_LOOKS_MAX));
  }

  /** Gives up, after a last look, what had waited long enough at `nowMs`. */
  #lookOnce(nowMs: number, looks: number): void {
    const before = this.#taken;
    this.#timer = this.#options.clock.afterReading(() => {
      if (this.#taken > before && looks > 1) {
        this.#lookOnce(nowMs, looks - 1);
        return;
      }
      this.#timer = undefined;
      const late: Uint8Array[] = [];
      this.#window.expire(nowMs, late);
      this.#deliver(late);
    });
  }
}
