/**
 * Puts the packets of one track back in order that the network has disordered (UDP): what comes ahead of its turn waits for what is missing, a little
 * while and a few packets long, then the gap is given up.
 *
 *     in    41 42 44 45 43 46           47 49 …100 ms
 *     out   41 42       43 44 45 46     47             49
 *
 * What comes too late, or again after its turn, goes through: the receiver judges and counts it.
 */
import { parseRtpHeader } from './packet.ts';
import { LATE_PACKETS_MAX, LOST_PACKETS_MAX } from './rtp-sequence.ts';
import { signedDistance } from './signed-distance.ts';

/** So many numbers may be missing or waiting; more, and the oldest gap is given up. A power of two. */
export const REORDER_WINDOW_PACKETS = 64;
/** A gap is waited for so long. */
export const REORDER_WINDOW_MS = 100;
interface Held {
  readonly packet: Uint8Array;
  readonly sinceMs: number;
}

export class ReorderWindow {
  #next: number | undefined;
  /** By the low bits of the number. */
  readonly #held: (Held | undefined)[] = Array.from({ length: REORDER_WINDOW_PACKETS });
  #count = 0;
  #doubled = 0;

  /** Packets that came again while the first of them waited: dropped here. */
  get doubled(): number {
    return this.#doubled;
  }

  /** When `expire` is to be called: the oldest of what waits has waited long enough. Undefined: nothing waits. */
  get dueMs(): number | undefined {
    if (this.#count === 0) return undefined;
    let oldest = Number.POSITIVE_INFINITY;
    for (const held of this.#held) if (held !== undefined) oldest = Math.min(oldest, held.sinceMs);
    return oldest + REORDER_WINDOW_MS;
  }

  /** Takes a packet, which it may keep: bytes of its own. Appends to `out` what is in order now. Never throws; what is no RTP goes through. */
  push(packet: Uint8Array, nowMs: number, out: Uint8Array[]): void {
    const sequence = parseRtpHeader(packet)?.sequence;
    if (sequence === undefined) {
      out.push(packet);
      return;
    }
    const ahead = this.#next === undefined ? 0 : signedDistance(this.#next, sequence, 0x10000);
    // A restart of the sender, not disorder: nothing waits for it.
    if (ahead > LOST_PACKETS_MAX || ahead < -LATE_PACKETS_MAX) {
      this.flush(out);
      this.#next = sequence;
    } else if (ahead < 0) {
      out.push(packet);
      return;
    } else if (ahead >= REORDER_WINDOW_PACKETS) {
      this.#advance(ahead - REORDER_WINDOW_PACKETS + 1, out);
    }
    this.#next ??= sequence;
    this.#hold(packet, sequence, nowMs);
    this.#release(out);
  }

  /** Gives up what has been waited for long enough. */
  expire(nowMs: number, out: Uint8Array[]): void {
    for (let dueMs = this.dueMs; dueMs !== undefined && dueMs <= nowMs; dueMs = this.dueMs) {
      this.#advance(1, out);
      this.#release(out);
    }
  }

  /** The source ended: everything that waits, in order. */
  flush(out: Uint8Array[]): void {
    this.#advance(REORDER_WINDOW_PACKETS, out);
  }

  #hold(packet: Uint8Array, sequence: number, nowMs: number): void {
    const slot = sequence % REORDER_WINDOW_PACKETS;
    if (this.#held[slot] !== undefined) {
      this.#doubled += 1;
      return;
    }
    this.#held[slot] = { packet, sinceMs: nowMs };
    this.#count += 1;
  }

  /** Moves on by so many numbers, whether they came or not. */
  #advance(numbers: number, out: Uint8Array[]): void {
    if (this.#next === undefined) return;
    const target = (this.#next + numbers) & 0xffff;
    while (this.#count > 0 && this.#next !== target) {
      this.#take(out);
      this.#next = (this.#next + 1) & 0xffff;
    }
    this.#next = target;
  }

  /** What is next, and what follows it without a gap. */
  #release(out: Uint8Array[]): void {
    while (this.#next !== undefined && this.#take(out)) this.#next = (this.#next + 1) & 0xffff;
  }

  /** Whether the next one was there. */
  #take(out: Uint8Array[]): boolean {
    const slot = (this.#next ?? 0) % REORDER_WINDOW_PACKETS;
    const held = this.#held[slot];
    if (held === undefined) return false;
    this.#held[slot] = undefined;
    this.#count -= 1;
    out.push(held.packet);
    return true;
  }
}
