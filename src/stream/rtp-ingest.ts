/**
 * RTP as it comes from a peer, whatever carries it (a connection, datagrams), on its way to a stream:
 *
 *     edge ── track, RTP or RTCP ──▶ receiver ── what is missing ──▶ TrackSink ──▶ relay
 *       ▲                               │
 *       └──── receiver reports ◀────────┘
 *
 * The edge knows which track a packet is of, when reports are due and where they go.
 */
import { completeFormat } from '../core/codec/registry.ts';
import { utcMsFromNtp } from '../core/rtcp/ntp.ts';
import { isRtcp } from '../core/rtcp/packet.ts';
import { parseRtcp } from '../core/rtcp/parse.ts';
import { writeReceiverReport } from '../core/rtcp/write.ts';
import { RtpReceiver } from '../core/rtp/receiver.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { SenderReport } from '../core/rtcp/packet.ts';
import type { ReceiverFaults } from '../core/rtp/receiver.ts';
import type { SourceSink, TrackSink } from './source.ts';

/** Between receiver reports, with room for a tick of a second: some cameras stop without one every 5 s (gortsplib). */
export const RECEIVER_REPORT_MS = 4000;

/** Tolerated faults of one source, by name. */
export interface IngestFaults extends ReceiverFaults {
  /** RTCP packets, or parts of them, that could not be read. */
  malformedRtcp: number;
}

export function noIngestFaults(): IngestFaults {
  return {
    malformedPackets: 0,
    doubledPackets: 0,
    latePackets: 0,
    sequenceRestarts: 0,
    ssrcChanges: 0,
    malformedRtcp: 0,
  };
}

export interface IngestOptions {
  readonly sink: SourceSink;
  /** In the order in which they are announced; `track` is what the edge calls it. */
  readonly tracks: readonly { readonly track: number; readonly format: Omit<TrackFormat, 'parameters'> }[];
  /** Ours, in receiver reports. */
  readonly ssrc: number;
  readonly cname: string;
  /** Counted into. */
  readonly faults: IngestFaults;
}

interface IngestTrack {
  readonly payloadType: number;
  readonly sink: TrackSink;
  readonly receiver: RtpReceiver;
}

export class RtpIngest {
  readonly #options: IngestOptions;
  /** By the edge's number. */
  readonly #tracks: (IngestTrack | undefined)[] = [];
  /** Packets came since the last flush. */
  #unflushed = false;

  /** Announces the tracks. */
  constructor(options: IngestOptions) {
    this.#options = options;
    const { sink, tracks, faults } = options;
    const sinks = sink.announce(tracks.map(({ format }) => completeFormat(format)));
    for (const [index, { track, format }] of tracks.entries()) {
      const trackSink = sinks[index];
      if (trackSink === undefined) continue;
      const receiver = new RtpReceiver(format.clockRate, faults);
      this.#tracks[track] = { payloadType: format.payloadType, sink: trackSink, receiver };
    }
  }

  /** One packet, a view. Returns what it was; 'unused': of no track that is taken. */
  push(track: number, part: 'rtp' | 'rtcp', packet: Uint8Array, nowMs: number): 'media' | 'control' | 'unused' {
    const taken = this.#tracks[track];
    if (taken === undefined) return 'unused';
    // Some send RTCP on the RTP channel; a payload type that is announced is RTP all the same.
    const stray = isRtcp(packet) && ((packet[1] ?? 0) & 0x7f) !== taken.payloadType;
    if (part === 'rtcp' || stray) {
      this.#control(taken, packet, nowMs);
      return 'control';
    }
    const lostBefore = taken.receiver.push(packet, nowMs);
    if (lostBefore !== undefined) taken.sink.packet(packet, nowMs, lostBefore);
    this.#unflushed = true;
    return 'media';
  }

  /** Nothing more is at hand now: the chunk is used up. */
  flush(): void {
    if (!this.#unflushed) return;
    this.#unflushed = false;
    for (const taken of this.#tracks) taken?.sink.flush();
  }

  /** Nothing more of this track is taken. */
  drop(track: number): void {
    this.#tracks[track] = undefined;
  }

  /** A receiver report for each track; without a block where nobody sends, which keeps sessions alive (RFC 3550 §6.4.2). */
  reports(nowMs: number): readonly { readonly track: number; readonly packet: Uint8Array }[] {
    const { ssrc, cname } = this.#options;
    return this.#tracks.flatMap((taken, track) => {
      if (taken === undefined) return [];
      const block = taken.receiver.takeReport(nowMs);
      return [{ track, packet: writeReceiverReport(ssrc, block === undefined ? [] : [block], cname) }];
    });
  }

  #control(taken: IngestTrack, bytes: Uint8Array, nowMs: number): void {
    const { packets, malformed } = parseRtcp(bytes);
    this.#options.faults.malformedRtcp += malformed;
    for (const packet of packets) {
      if (packet.kind === 'sender-report') this.#senderReport(taken, packet, nowMs);
      // The session is another matter: TEARDOWN, the connection or silence ends that. Media may come again, from another SSRC.
      if (packet.kind === 'goodbye' && taken.receiver.goodbye(packet.ssrcs)) taken.sink.goodbye();
    }
  }

  #senderReport({ receiver, sink }: IngestTrack, report: SenderReport, nowMs: number): void {
    const { ntpSeconds, ntpFraction, rtpTimestamp } = report;
    receiver.senderReport(ntpSeconds, ntpFraction, nowMs);
    if (ntpSeconds !== 0 || ntpFraction !== 0) sink.senderReport(utcMsFromNtp(ntpSeconds, ntpFraction), rtpTimestamp);
  }
}
