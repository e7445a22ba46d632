/** What one reader says of the tracks that it takes (RFC 3550 §6.4.2), and how far away it is: from the sender reports that its reports quote. */
import { compactNtp, ntpFromUtcMs } from '../../core/rtcp/ntp.ts';
import type { ReportBlock } from '../../core/rtcp/packet.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import type { RelayTrack } from '../../stream/stream.ts';

/** The worst of its tracks, as of their latest reports. */
export interface ReaderReport {
  /** Lost since its report before, 0–1. */
  readonly loss: number;
  /** Packets lost in all, of all tracks; below 0 where more came than were sent: doubled. */
  readonly lost: number;
  readonly jitterMs: number;
  /** Undefined before it quoted a report of ours. */
  readonly roundTripMs: number | undefined;
}

/** A reader may quote the report before the newest: it was still on its way. */
const SENT_KEPT = 4;

interface SentReport {
  readonly quoted: number;
  readonly monoMs: number;
}

interface Heard {
  readonly block: ReportBlock;
  readonly jitterMs: number;
  readonly roundTripMs: number | undefined;
}

export class ReceivedReports {
  /** Newest last. */
  readonly #sent: SentReport[] = [];
  /** By SSRC. */
  readonly #heard = new Map<number, Heard>();

  /** A sender report that says `utcMs` goes out. */
  sent(utcMs: number, monoMs: number): void {
    const { seconds, fraction } = ntpFromUtcMs(utcMs);
    this.#sent.push({ quoted: compactNtp(seconds, fraction), monoMs });
    if (this.#sent.length > SENT_KEPT) this.#sent.shift();
  }

  /** RTCP of the reader; of other tracks than `tracks` nothing is kept. */
  push(payload: Uint8Array, tracks: readonly RelayTrack[], monoMs: number): void {
    for (const packet of parseRtcp(payload).packets) {
      if (packet.kind !== 'receiver-report') continue;
      for (const block of packet.reports) {
        const track = tracks.find(({ ssrc }) => ssrc === block.ssrc);
        if (track === undefined) continue;
        const jitterMs = (block.jitter * 1000) / track.format.clockRate;
        const roundTripMs = this.#roundTripMs(block, monoMs) ?? this.#heard.get(block.ssrc)?.roundTripMs;
        this.#heard.set(block.ssrc, { block, jitterMs, roundTripMs });
      }
    }
  }

  drop({ ssrc }: RelayTrack): void {
    this.#heard.delete(ssrc);
  }

  /** Undefined before the first report. */
  get report(): ReaderReport | undefined {
    const heard = [...this.#heard.values()];
    if (heard.length === 0) return undefined;
    const trips = heard.flatMap(({ roundTripMs }) => (roundTripMs === undefined ? [] : [roundTripMs]));
    return {
      loss: Math.max(...heard.map(({ block }) => block.fractionLost / 256)),
      lost: heard.reduce((sum, { block }) => sum + block.cumulativeLost, 0),
      jitterMs: Math.max(...heard.map(({ jitterMs }) => jitterMs)),
      roundTripMs: trips.length === 0 ? undefined : Math.max(...trips),
    };
  }

  /** RFC 3550 §6.4.1, DLSR; by our own clock for the sending, since our first report says when its media was, not when it went out. */
  #roundTripMs({ lastSenderReport, delaySinceLastSenderReport }: ReportBlock, monoMs: number): number | undefined {
    const sent = this.#sent.find(({ quoted }) => quoted === lastSenderReport);
    if (sent === undefined) return undefined;
    return Math.max(0, monoMs - sent.monoMs - (delaySinceLastSenderReport * 1000) / 65536);
  }
}
