/**
 * Access units as the RTP packets and sender reports of one session: own SSRC, sequence numbers and time origin a track, one report at the
 * start and every five seconds (RFC 3550 §6.2), BYE at the end.
 */
import type { AccessUnit } from '../../core/codec/access-unit.ts';
import type { Packetizer } from '../../core/codec/codec.ts';
import { codecFor } from '../../core/codec/registry.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { SENDER_REPORT_MS, writeGoodbye, writeSenderReport } from '../../core/rtcp/write.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../core/rtp/packet.ts';
import { RTP_PAYLOAD_BYTES } from '../../stream/relay-track.ts';

/** Units that come so far from where the clock of the file is, move it: the process stood still. */
const CLOCK_STEP_MS = 500;

export interface RtpSenderOptions {
  readonly tracks: readonly TrackFormat[];
  readonly cname: string;
  /** In [0, 1). */
  readonly random: () => number;
  /** UTC milliseconds now. */
  readonly utcMs: () => number;
  /** Takes a packet, which is used again after it returns. */
  readonly send: (track: number, part: 'rtp' | 'rtcp', packet: Uint8Array) => void;
}

interface Line {
  readonly format: TrackFormat;
  readonly packetizer: Packetizer | undefined;
  readonly ssrc: number;
  readonly startTimestamp: number;
  readonly scratch: Uint8Array;
  sequence: number;
  packets: number;
  octets: number;
  reportAtUtcMs: number;
}

export class RtpSender {
  readonly #options: RtpSenderOptions;
  readonly #lines: readonly Line[];
  /** UTC of tick 0, which all tracks share. */
  #originUtcMs: number | undefined;

  constructor(options: RtpSenderOptions) {
    this.#options = options;
    const { random } = options;
    this.#lines = options.tracks.map((format) => ({
      format,
      packetizer: codecFor(format.encoding)?.packetizer(format, RTP_PAYLOAD_BYTES),
      ssrc: Math.floor(random() * 2 ** 32),
      startTimestamp: Math.floor(random() * 2 ** 32),
      scratch: new Uint8Array(RTP_HEADER_BYTES + RTP_PAYLOAD_BYTES),
      sequence: Math.floor(random() * 2 ** 16),
      packets: 0,
      octets: 0,
      reportAtUtcMs: -Infinity,
    }));
  }

  /** RTP packets sent so far, of all tracks. */
  get packets(): number {
    return this.#lines.reduce((sum, line) => sum + line.packets, 0);
  }

  /** Payload bytes sent so far, of all tracks. */
  get bytes(): number {
    return this.#lines.reduce((sum, line) => sum + line.octets, 0);
  }

  /** A unit whose decode time is now. */
  unit(track: number, unit: AccessUnit): void {
    const line = this.#lines[track];
    if (line?.packetizer === undefined) return;
    const nowUtcMs = this.#options.utcMs();
    const originUtcMs = nowUtcMs - (unit.dtsTicks * 1000) / line.format.clockRate;
    if (this.#originUtcMs === undefined || Math.abs(originUtcMs - this.#originUtcMs) > CLOCK_STEP_MS)
      this.#originUtcMs = originUtcMs;
    if (nowUtcMs >= line.reportAtUtcMs) this.#report(track, line, nowUtcMs, this.#originUtcMs);
    for (const { payload, marker, ticksLater = 0 } of line.packetizer.packetize(unit)) {
      const { ssrc, sequence, scratch } = line;
      const timestamp = (line.startTimestamp + unit.ptsTicks + ticksLater) % 2 ** 32;
      writeRtpHeader(scratch, { payloadType: line.format.payloadType, sequence, timestamp, ssrc }, marker);
      scratch.set(payload, RTP_HEADER_BYTES);
      line.sequence = (sequence + 1) & 0xffff;
      line.packets += 1;
      line.octets += payload.length;
      this.#options.send(track, 'rtp', scratch.subarray(0, RTP_HEADER_BYTES + payload.length));
    }
  }

  goodbye(): void {
    for (const [track, line] of this.#lines.entries())
      if (line.packets > 0) this.#options.send(track, 'rtcp', writeGoodbye(line.ssrc));
  }

  #report(track: number, line: Line, utcMs: number, originUtcMs: number): void {
    line.reportAtUtcMs = utcMs + SENDER_REPORT_MS;
    const ticks = Math.round(((utcMs - originUtcMs) * line.format.clockRate) / 1000);
    const { ssrc, packets, octets } = line;
    const rtpTimestamp = (((line.startTimestamp + ticks) % 2 ** 32) + 2 ** 32) % 2 ** 32;
    const fields = { ssrc, utcMs, rtpTimestamp, packets, octets: octets % 2 ** 32, cname: this.#options.cname };
    this.#options.send(track, 'rtcp', writeSenderReport(fields));
  }
}
