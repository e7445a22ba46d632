/**
 * The sequence numbers of one RTP track as they come (RFC 3550 §5.1, appendix A.1): what is missing, doubled, late, or counted anew.
 *
 *     41 42 .. 45          two are lost
 *     41 42 41 42 43       doubled: numbers that were there, with the timestamps that they had
 *     41 42 10 11 12       counted anew, a little back: two in a row that were not there, or at other times
 *     41 42 40000 40001    counted anew
 */

/** A step forward up to here is loss, a longer one a restart of the sender (RFC 3550 A.1, MAX_DROPOUT). */
export const LOST_PACKETS_MAX = 3000;
/** A step back up to here is a late or doubled packet (RFC 3550 A.1, MAX_MISORDER). */
export const LATE_PACKETS_MAX = 100;

/** 'begun': the first packet of a numbering, after `lostBefore` others at least. Late and doubled packets are to be dropped. */
export type SequenceVerdict = 'next' | 'begun' | 'late' | 'doubled';

/** At least LATE_PACKETS_MAX, a power of two. */
const REMEMBERED = 128;
const NEVER_SEEN = -1;
const LOST = -2;

export class RtpSequence {
  #expected: number | undefined;
  #ssrc = 0;
  #lostBefore = 0;
  /** By the low bits of its number: timestamp of each of the last packets of this numbering. */
  readonly #timestamps = new Float64Array(REMEMBERED);
  /** Successor of the last late packet: if it comes too, the sender counts anew. */
  #resumed: number | undefined;

  /** How many packets are missing directly before the one that `push` accepted last. */
  get lostBefore(): number {
    return this.#lostBefore;
  }

  /** Takes the header's numbers: 16, 32 and 32 bits. */
  push(sequence: number, timestamp: number, ssrc: number): SequenceVerdict {
    const sameSource = ssrc === this.#ssrc;
    this.#ssrc = ssrc;
    if (this.#expected === undefined) return this.#begin(sequence, timestamp, 0);
    const ahead = (sequence - this.#expected) & 0xffff;
    // A new SSRC a GOP (Uniview, gsl#687) may count on or anew; only a small gap says that something was lost.
    if (!sameSource && ahead > LATE_PACKETS_MAX) return this.#begin(sequence, timestamp, 0);
    if (ahead <= LOST_PACKETS_MAX) return this.#goOn(this.#expected, timestamp, ahead);
    // The sender restarted (Geovision): what it interrupted is damaged.
    if (ahead < 0x10000 - LATE_PACKETS_MAX) return this.#begin(sequence, timestamp, 1);
    return this.#back(sequence, timestamp);
  }

  /** The sender left: what comes next is a numbering of its own, and nothing is missing before it. */
  restart(): void {
    this.#expected = undefined;
  }

  #begin(sequence: number, timestamp: number, lostBefore: number): SequenceVerdict {
    this.#timestamps.fill(NEVER_SEEN);
    this.#accept(sequence, timestamp, lostBefore);
    return 'begun';
  }

  #goOn(expected: number, timestamp: number, lost: number): SequenceVerdict {
    for (let back = Math.min(lost, REMEMBERED); back > 0; back--) {
      this.#timestamps[(expected + lost - back) % REMEMBERED] = LOST;
    }
    this.#accept((expected + lost) & 0xffff, timestamp, lost);
    return 'next';
  }

  #accept(sequence: number, timestamp: number, lostBefore: number): void {
    this.#timestamps[sequence % REMEMBERED] = timestamp;
    this.#expected = (sequence + 1) & 0xffff;
    this.#lostBefore = lostBefore;
    this.#resumed = undefined;
  }

  #back(sequence: number, timestamp: number): SequenceVerdict {
    const known = this.#timestamps[sequence % REMEMBERED];
    if (known === timestamp) return 'doubled';
    if (known === LOST) return 'late';
    if (sequence === this.#resumed) return this.#begin(sequence, timestamp, 1);
    this.#resumed = (sequence + 1) & 0xffff;
    return 'late';
  }
}
