/**
 * The sequence numbers of one track as the relay passes them on: one line without a jump over reconnects and restarts of the
 * sender, in which what was lost on the way in stays visible as a gap (RFC 3550 §6.4.1, appendix A.1).
 */

/** A step forward up to here is loss, a longer one a restart of the sender (RFC 3550 A.1, MAX_DROPOUT). */
export const LOST_PACKETS_MAX = 3000;
/** A step back up to here is a late or doubled packet (RFC 3550 A.1, MAX_MISORDER). */
export const LATE_PACKETS_MAX = 100;

/** What `push` returns for a packet that is to be dropped. */
export const LATE = -1;

export class RtpSequence {
  /** Our number of the packet that `push` last accepted: 16 bits. */
  sequence: number;
  #expected: number | undefined;
  #ssrc: number | undefined;
  /** Successor of the last late packet: if it comes too, the sender counts anew. */
  #resumed: number | undefined;

  constructor(start: number) {
    this.sequence = (start - 1) & 0xffff;
  }

  /** Takes the sender's number; returns how many packets are missing before this one, or LATE. */
  push(sequence: number, ssrc: number): number {
    const lost = this.#lostBefore(sequence, ssrc);
    if (lost === LATE) return LATE;
    this.#expected = (sequence + 1) & 0xffff;
    this.#ssrc = ssrc;
    this.#resumed = undefined;
    this.sequence = (this.sequence + 1 + lost) & 0xffff;
    return lost;
  }

  /** The next packet comes from a new attempt: its number follows our last one. */
  restart(): void {
    this.#expected = undefined;
    this.#resumed = undefined;
  }

  #lostBefore(sequence: number, ssrc: number): number {
    if (this.#expected === undefined) return 0;
    const ahead = (sequence - this.#expected) & 0xffff;
    if (ahead === 0) return 0;
    // A new SSRC a GOP (Uniview, gsl#687) may begin its numbers anew; nothing says that anything was lost.
    if (ssrc !== this.#ssrc) return ahead <= LOST_PACKETS_MAX ? ahead : 0;
    if (ahead <= LOST_PACKETS_MAX) return ahead;
    if (ahead < 0x10000 - LATE_PACKETS_MAX) return 1; // the sender restarted (Geovision): what it interrupted is damaged
    if (sequence === this.#resumed) return 1;
    this.#resumed = (sequence + 1) & 0xffff;
    return LATE;
  }
}
