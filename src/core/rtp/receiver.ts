/**
 * The receiving end of one RTP track, whatever carries it: says of each packet whether it goes on and what is missing before it, and
 * keeps what receiver reports say (RFC 3550 §6.4.1, appendix A.3 and A.8). It goes on over another SSRC and a restarted numbering,
 * and owns no bytes.
 */
import type { ReportBlock } from '../rtcp/packet.ts';
import { compactNtp } from '../rtcp/ntp.ts';
import { parseRtpHeader } from './packet.ts';
import type { RtpHeader } from './packet.ts';
import { RtpSequence } from './rtp-sequence.ts';

/** What is wrong with what comes, and tolerated. */
export interface ReceiverFaults {
  malformedPackets: number;
  doubledPackets: number;
  /** Came after their place was given up. */
  latePackets: number;
  /** The numbers began anew within one SSRC. */
  sequenceRestarts: number;
  ssrcChanges: number;
}

type Sender =
  /** Nothing came yet, or it said BYE. */
  { readonly kind: 'none' } | { readonly kind: 'sending'; readonly ssrc: number; readonly report: ReportState };

/** A wrapped or repaired timestamp is no jitter. */
const JITTER_STEP_S_MAX = 10;

export class RtpReceiver {
  readonly #clockRate: number;
  readonly #faults: ReceiverFaults;
  readonly #sequence = new RtpSequence();
  #sender: Sender = { kind: 'none' };
  #lastSenderReport: { readonly compactNtp: number; readonly arrivalMs: number } | undefined;

  /** Counts into `faults`. */
  constructor(clockRate: number, faults: ReceiverFaults) {
    this.#clockRate = clockRate;
    this.#faults = faults;
  }

  /** Takes a packet; returns how many are missing directly before it, or undefined if it is to be dropped. Never throws. */
  push(packet: Uint8Array, arrivalMs: number): number | undefined {
    const header = parseRtpHeader(packet);
    if (header === undefined) {
      this.#faults.malformedPackets += 1;
      return undefined;
    }
    const verdict = this.#sequence.push(header.sequence, header.timestamp, header.ssrc);
    const report = this.#reportOf(header, verdict === 'begun');
    report.received += 1;
    if (verdict === 'late' || verdict === 'doubled') {
      this.#faults[verdict === 'late' ? 'latePackets' : 'doubledPackets'] += 1;
      return undefined;
    }
    if (report.received > 1) report.highest += 1 + this.#sequence.lostBefore;
    this.#accountJitter(report, header, arrivalMs);
    return this.#sequence.lostBefore;
  }

  /** Notes a sender report, for the round trip time in our own reports. */
  senderReport(ntpSeconds: number, ntpFraction: number, arrivalMs: number): void {
    this.#lastSenderReport = { compactNtp: compactNtp(ntpSeconds, ntpFraction), arrivalMs };
  }

  /** BYE (RFC 3550 §6.6). Returns whether it is of the sender that is heard here: then what comes next is another's. */
  goodbye(ssrcs: readonly number[]): boolean {
    if (this.#sender.kind === 'none' || !ssrcs.includes(this.#sender.ssrc)) return false;
    this.#sender = { kind: 'none' };
    this.#lastSenderReport = undefined;
    this.#sequence.restart();
    return true;
  }

  /** The block for a receiver report, of the time since the last call; undefined while nobody sends. */
  takeReport(nowMs: number): ReportBlock | undefined {
    if (this.#sender.kind === 'none') return undefined;
    const { ssrc, report } = this.#sender;
    const expected = report.highest - report.base + 1;
    const expectedSince = expected - report.expectedBefore;
    const lostSince = expectedSince - (report.received - report.receivedBefore);
    report.expectedBefore = expected;
    report.receivedBefore = report.received;
    const last = this.#lastSenderReport;
    return {
      ssrc,
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

  /** What is said of the packet's sender: anew for another SSRC and for another numbering. */
  #reportOf({ ssrc, sequence }: RtpHeader, begun: boolean): ReportState {
    const before = this.#sender;
    if (before.kind === 'sending' && before.ssrc === ssrc && !begun) return before.report;
    if (before.kind === 'sending' && before.ssrc === ssrc) this.#faults.sequenceRestarts += 1;
    if (before.kind === 'sending' && before.ssrc !== ssrc) {
      this.#faults.ssrcChanges += 1;
      this.#lastSenderReport = undefined;
    }
    const report = startReport(sequence);
    this.#sender = { kind: 'sending', ssrc, report };
    return report;
  }

  #accountJitter(report: ReportState, header: RtpHeader, arrivalMs: number): void {
    const transit = (arrivalMs * this.#clockRate) / 1000 - header.timestamp;
    if (report.transit !== undefined) {
      const difference = Math.abs(transit - report.transit);
      if (difference < this.#clockRate * JITTER_STEP_S_MAX) report.jitter += (difference - report.jitter) / 16;
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

function startReport(first: number): ReportState {
  const counts = { received: 0, expectedBefore: 0, receivedBefore: 0 };
  return { base: first, highest: first, ...counts, transit: undefined, jitter: 0 };
}
