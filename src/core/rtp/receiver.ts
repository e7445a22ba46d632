/**
 * The receiving end of one RTP track: drops duplicates, restores the order within a small window, counts what is lost, and goes
 * on over a new SSRC (Uniview: each GOP, gsl#687) and a restarted numbering (RFC 3550 appendix A.1). It owns no bytes: packets
 * that it holds back are copied, all others are handed on as they came.
 */
import type { ReportBlock } from '../rtcp/packet.ts';
import { compactNtp } from '../rtcp/ntp.ts';
import { parseRtpHeader } from './packet.ts';
import type { RtpHeader } from './packet.ts';
import { signedDistance } from './unwrap.ts';

/** For UDP: packets that may wait for one that is late. */
export const REORDER_WINDOW_PACKETS = 32;
/** A step forward up to this is loss, beyond it a new numbering (RFC 3550 A.1: MAX_DROPOUT, MAX_MISORDER). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
const SEQUENCE_RANGE = 65536;

export interface ReceiverOptions {
  readonly clockRate: number;
  /** 0 over TCP, which keeps the order; REORDER_WINDOW_PACKETS over UDP. */
  readonly reorderWindow: number;
}

export interface Received {
  /** In order, without a hole between them. Views of what was pushed, or copies that the receiver held and lets go. */
  readonly packets: readonly Uint8Array[];
  /** Packets missing directly before the first of `packets`; 1 where the numbering started again within one SSRC. */
  readonly lostBefore: number;
}

export interface ReceiverCounts {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Came after their place was given up. */
  readonly late: number;
  readonly reordered: number;
  readonly malformed: number;
  readonly restarts: number;
  readonly ssrcChanges: number;
}

const NOTHING: Received = { packets: [], lostBefore: 0 };

export class RtpReceiver {
  readonly #options: ReceiverOptions;
  /** Held packets by sequence number; at most `reorderWindow`. */
  readonly #held = new Map<number, Uint8Array>();
  #ssrc: number | undefined;
  /** Sequence number of the next packet in order. */
  #next = 0;
  /** Last number of a jump that is not yet believed, and its packet (UDP only). */
  #candidate: { readonly next: number; readonly packet: Uint8Array } | undefined;
  readonly #counts = {
    packets: 0,
    bytes: 0,
    lost: 0,
    duplicates: 0,
    late: 0,
    reordered: 0,
    malformed: 0,
    restarts: 0,
    ssrcChanges: 0,
  };
  #report = startReport(0);
  #lastSenderReport: { readonly compactNtp: number; readonly arrivalMs: number } | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  /** Takes a packet as it came; returns what is now in order. Never throws. */
  push(packet: Uint8Array, arrivalMs: number): Received {
    const header = parseRtpHeader(packet);
    if (header === undefined) {
      this.#counts.malformed += 1;
      return NOTHING;
    }
    if (header.ssrc !== this.#ssrc) return this.#begin(packet, header, arrivalMs);
    const distance = signedDistance(this.#next, header.sequence, SEQUENCE_RANGE);
    if (distance < -MAX_MISORDER || distance > MAX_DROPOUT) return this.#jump(packet, header, arrivalMs);
    this.#candidate = undefined;
    this.#account(packet, header, arrivalMs);
    if (distance < 0) return this.#tooLate(header.sequence);
    if (distance === 0) return this.#release(packet, header.sequence, 0);
    if (this.#options.reorderWindow === 0) return this.#release(packet, header.sequence, distance);
    return this.#hold(packet, header.sequence);
  }

  /** Gives up waiting for what is missing: the held packets, a run at a time, until it returns none. */
  flush(): Received {
    return this.#held.size === 0 ? NOTHING : this.#releaseHeld();
  }

  /** Notes a sender report, for the round trip time in our own reports. */
  senderReport(ntpSeconds: number, ntpFraction: number, arrivalMs: number): void {
    this.#lastSenderReport = { compactNtp: compactNtp(ntpSeconds, ntpFraction), arrivalMs };
  }

  /** The block for a receiver report (RFC 3550 §6.4.1), of the time since the last call; undefined before the first packet. */
  takeReport(nowMs: number): ReportBlock | undefined {
    if (this.#ssrc === undefined) return undefined;
    const report = this.#report;
    const expected = report.highest - report.base + 1;
    const expectedSince = expected - report.expectedBefore;
    const lostSince = expectedSince - (report.received - report.receivedBefore);
    report.expectedBefore = expected;
    report.receivedBefore = report.received;
    const last = this.#lastSenderReport;
    return {
      ssrc: this.#ssrc,
      fractionLost:
        lostSince <= 0 || expectedSince <= 0 ? 0 : Math.min(255, Math.floor((lostSince * 256) / expectedSince)),
      cumulativeLost: Math.max(-0x800000, Math.min(0x7fffff, expected - report.received)),
      highestSequence: report.highest % 2 ** 32,
      jitter: Math.min(0xffffffff, Math.floor(report.jitter)),
      lastSenderReport: last?.compactNtp ?? 0,
      delaySinceLastSenderReport:
        last === undefined ? 0 : Math.min(0xffffffff, Math.round((nowMs - last.arrivalMs) * 65.536)),
    };
  }

  get counts(): ReceiverCounts {
    return this.#counts;
  }

  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** The first packet of an SSRC: its numbering is unknown, so nothing counts as lost; what the old one held back goes out before. */
  #begin(packet: Uint8Array, header: RtpHeader, arrivalMs: number): Received {
    const before = [...this.#held].sort(([a], [b]) => signedDistance(b, a, SEQUENCE_RANGE)).map(([, held]) => held);
    const lostBefore = before.length === 0 ? 0 : 1;
    this.#held.clear();
    this.#candidate = undefined;
    if (this.#ssrc !== undefined) this.#counts.ssrcChanges += 1;
    this.#ssrc = header.ssrc;
    this.#lastSenderReport = undefined;
    this.#report = startReport(header.sequence);
    this.#account(packet, header, arrivalMs);
    this.#next = (header.sequence + 1) % SEQUENCE_RANGE;
    return { packets: [...before, packet], lostBefore };
  }

  /** A number far off: over TCP a new numbering at once, over UDP when a second packet confirms it. */
  #jump(packet: Uint8Array, header: RtpHeader, arrivalMs: number): Received {
    const next = (header.sequence + 1) % SEQUENCE_RANGE;
    const candidate = this.#candidate;
    if (this.#options.reorderWindow > 0 && candidate?.next !== header.sequence) {
      this.#candidate = { next, packet: new Uint8Array(packet) };
      return NOTHING;
    }
    this.#counts.restarts += 1;
    this.#candidate = undefined;
    this.#held.clear();
    this.#report = startReport(header.sequence);
    this.#account(packet, header, arrivalMs);
    this.#next = next;
    return { packets: candidate === undefined ? [packet] : [candidate.packet, packet], lostBefore: 1 };
  }

  #tooLate(sequence: number): Received {
    if (sequence === (this.#next + SEQUENCE_RANGE - 1) % SEQUENCE_RANGE) this.#counts.duplicates += 1;
    else this.#counts.late += 1;
    return NOTHING;
  }

  #hold(packet: Uint8Array, sequence: number): Received {
    if (this.#held.has(sequence)) {
      this.#counts.duplicates += 1;
      return NOTHING;
    }
    this.#held.set(sequence, new Uint8Array(packet));
    this.#counts.reordered += 1;
    return this.#held.size > this.#options.reorderWindow ? this.#releaseHeld() : NOTHING;
  }

  /** The earliest held packet and what follows it; everything before counts as lost. */
  #releaseHeld(): Received {
    let nearest = SEQUENCE_RANGE;
    for (const sequence of this.#held.keys())
      nearest = Math.min(nearest, signedDistance(this.#next, sequence, SEQUENCE_RANGE));
    const sequence = (this.#next + nearest) % SEQUENCE_RANGE;
    const packet = this.#held.get(sequence);
    if (packet === undefined) return NOTHING;
    this.#held.delete(sequence);
    return this.#release(packet, sequence, nearest);
  }

  #release(packet: Uint8Array, sequence: number, lostBefore: number): Received {
    this.#counts.lost += lostBefore;
    this.#next = (sequence + 1) % SEQUENCE_RANGE;
    const packets = [packet];
    while (this.#held.size > 0) {
      const following = this.#held.get(this.#next);
      if (following === undefined) break;
      this.#held.delete(this.#next);
      packets.push(following);
      this.#next = (this.#next + 1) % SEQUENCE_RANGE;
    }
    return { packets, lostBefore };
  }

  /** Statistics of RFC 3550 A.3 and A.8. */
  #account(packet: Uint8Array, header: RtpHeader, arrivalMs: number): void {
    this.#counts.packets += 1;
    this.#counts.bytes += packet.length;
    const report = this.#report;
    report.received += 1;
    const ahead = signedDistance(report.highest % SEQUENCE_RANGE, header.sequence, SEQUENCE_RANGE);
    if (ahead > 0) report.highest += ahead;
    const transit = (arrivalMs * this.#options.clockRate) / 1000 - header.timestamp;
    if (report.transit !== undefined) {
      const difference = Math.abs(transit - report.transit);
      // A wrapped or repaired timestamp is no jitter.
      if (difference < this.#options.clockRate * 10) report.jitter += (difference - report.jitter) / 16;
    }
    report.transit = transit;
  }
}

interface ReportState {
  readonly base: number;
  /** Extended by the cycles since `base`. */
  highest: number;
  received: number;
  expectedBefore: number;
  receivedBefore: number;
  transit: number | undefined;
  jitter: number;
}

function startReport(sequence: number): ReportState {
  return {
    base: sequence,
    highest: sequence,
    received: 0,
    expectedBefore: 0,
    receivedBefore: 0,
    transit: undefined,
    jitter: 0,
  };
}
