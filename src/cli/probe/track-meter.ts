/**
 * Measures one track while it is probed: frames, key frames, bitrate, jitter, and how the sender's clock runs against ours.
 *
 * Rates and clocks are taken from what comes after the first second: a server may begin with a burst of what it has in memory.
 */
import { codecFor } from '../../core/codec/registry.ts';
import type { Codec, Depacketizer } from '../../core/codec/codec.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { parseRtpHeader, rtpExtension } from '../../core/rtp/packet.ts';
import { signedDistance } from '../../core/rtp/signed-distance.ts';
import { median } from '../../stream/median.ts';

export interface TrackMeasures {
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly framesPerSecond: number | undefined;
  readonly bitsPerSecond: number | undefined;
  readonly keyFrames: number;
  /** The usual distance of two key frames; undefined with fewer than two. */
  readonly gopMs: number | undefined;
  /** Frames come in another order than they are shown; undefined where it cannot be told. */
  readonly reordered: boolean | undefined;
  /** RFC 3550 §6.4.1, of frames. */
  readonly jitterMs: number | undefined;
  /** By how much the sender's media clock runs faster than ours (negative: slower); within a few hundred over five seconds it is noise. */
  readonly driftPpm: number | undefined;
  readonly senderReports: number;
  /** What the sender says the time is, less our time, at its last report; undefined if none came after the first second. */
  readonly senderClockOffsetMs: number | undefined;
  /** By how much its reports' clock ran ahead of its media clock between the first and the last. */
  readonly senderReportDriftMs: number | undefined;
}

/** Left out of rates and clocks. */
const BURST_MS = 1000;
/** Frames whose times are kept. */
const MAX_FRAMES = 20_000;

interface Frame {
  /** Unwrapped, from the first packet on. */
  readonly ticks: number;
  readonly arrivalMs: number;
  readonly key: boolean;
}

interface Report {
  readonly ntpUtcMs: number;
  readonly ticks: number;
  readonly ourUtcMs: number;
  /** Among what a server may begin with, whose times are of when it was made: the first report of weir names its burst's first packet. */
  readonly inBurst: boolean;
}

export class TrackMeter {
  readonly #format: TrackFormat;
  readonly #codec: Codec | undefined;
  readonly #depacketizer: Depacketizer | undefined;
  readonly #frames: Frame[] = [];
  readonly #reports: Report[] = [];
  #firstMs: number | undefined;
  /** Of the last packet, or of a report before the first. */
  #lastTimestamp: number | undefined;
  #ticks = 0;
  #packets = 0;
  #bytes = 0;
  #steadyBytes = 0;
  #lastMs = 0;
  #lost = 0;
  #jitter = 0;
  #newestTicks = 0;
  #transit: number | undefined;
  #units = 0;
  #reordered = false;

  constructor(format: TrackFormat) {
    this.#format = format;
    this.#codec = codecFor(format.encoding);
    this.#depacketizer = this.#codec?.depacketizer(format);
  }

  /** The track as announced, completed from what came. */
  get format(): TrackFormat {
    return { ...this.#format, parameters: this.#depacketizer?.parameters ?? this.#format.parameters };
  }

  get hasKeyFrame(): boolean {
    return this.#frames.some(({ key }) => key);
  }

  packet(packet: Uint8Array, arrivalMs: number, lostBefore: number): void {
    const header = parseRtpHeader(packet);
    if (header === undefined) return;
    const first = this.#firstMs === undefined;
    const step = this.#stepTo(header.timestamp);
    this.#firstMs ??= arrivalMs;
    this.#lastTimestamp = header.timestamp;
    this.#ticks += step;
    this.#lastMs = arrivalMs;
    this.#packets += 1;
    this.#bytes += packet.length;
    if (arrivalMs - this.#firstMs >= BURST_MS) this.#steadyBytes += packet.length;
    this.#lost += lostBefore;
    // The depacketizer keeps what it is given. Not `slice`: of a Buffer that is a view.
    const { payloadOffset, payloadLength } = header;
    const payload = new Uint8Array(packet.subarray(payloadOffset, payloadOffset + payloadLength));
    if (first || step !== 0 || this.#format.media !== 'video') this.#frame(arrivalMs);
    this.#peek(payload);
    const extension = rtpExtension(packet);
    const unpacked = { payload, marker: header.marker, ticks: this.#ticks, lostBefore };
    this.#unpack(extension === undefined ? unpacked : { ...unpacked, extension });
  }

  senderReport(ntpUtcMs: number, rtpTimestamp: number, ourUtcMs: number): void {
    const inBurst = this.#firstMs === undefined || this.#lastMs - this.#firstMs < BURST_MS;
    this.#reports.push({ ntpUtcMs, ticks: this.#ticks + this.#stepTo(rtpTimestamp), ourUtcMs, inBurst });
    // Many send one before the first packet, weir does.
    this.#lastTimestamp ??= rtpTimestamp;
  }

  #stepTo(timestamp: number): number {
    return this.#lastTimestamp === undefined ? 0 : signedDistance(this.#lastTimestamp, timestamp, 2 ** 32);
  }

  measures(): TrackMeasures {
    const frames = this.#steady();
    const times = inner(frames.map(({ ticks }) => this.#ms(ticks)).toSorted((a, b) => a - b));
    const mediaMs = times.length < 2 ? undefined : (times.at(-1) ?? 0) - (times[0] ?? 0);
    const keys = this.#frames.filter(({ key }) => key).map(({ ticks }) => this.#ms(ticks));
    const [firstReport, lastReport] = [this.#reports[0], this.#reports.at(-1)];
    const steadyReport = this.#reports.findLast(({ inBurst }) => !inBurst);
    const steadyMs = this.#lastMs - (this.#firstMs ?? 0) - BURST_MS;
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      lost: this.#lost,
      framesPerSecond: mediaMs === undefined || mediaMs === 0 ? undefined : ((times.length - 1) * 1000) / mediaMs,
      bitsPerSecond: steadyMs <= 0 ? undefined : (this.#steadyBytes * 8 * 1000) / steadyMs,
      keyFrames: keys.length,
      gopMs: median(keys.slice(1).map((ms, i) => ms - (keys[i] ?? 0))),
      reordered: this.#units < 2 || this.#format.media !== 'video' ? undefined : this.#reordered,
      jitterMs: this.#frames.length < 2 ? undefined : this.#ms(this.#jitter),
      driftPpm: drift(frames.map(({ ticks, arrivalMs }) => ({ mediaMs: this.#ms(ticks), arrivalMs }))),
      senderReports: this.#reports.length,
      senderClockOffsetMs: steadyReport && steadyReport.ntpUtcMs - steadyReport.ourUtcMs,
      senderReportDriftMs:
        firstReport === undefined || lastReport === undefined || firstReport === lastReport
          ? undefined
          : lastReport.ntpUtcMs - firstReport.ntpUtcMs - this.#ms(lastReport.ticks - firstReport.ticks),
    };
  }

  /** A packet with another time than the one before; of sound every packet. */
  #frame(arrivalMs: number): void {
    // B-frames come after what is shown later: that is no jitter.
    if (this.#ticks >= this.#newestTicks) {
      this.#newestTicks = this.#ticks;
      const transit = (arrivalMs * this.#format.clockRate) / 1000 - this.#ticks;
      if (this.#transit !== undefined) this.#jitter += (Math.abs(transit - this.#transit) - this.#jitter) / 16;
      this.#transit = transit;
    }
    if (this.#frames.length < MAX_FRAMES) this.#frames.push({ ticks: this.#ticks, arrivalMs, key: false });
  }

  /** Whether the frame in hand is a key frame may be in any of its packets. */
  #peek(payload: Uint8Array): void {
    const frame = this.#frames.at(-1);
    if (this.#format.media !== 'video' || frame === undefined || frame.key) return;
    if (this.#codec?.peek(payload).key === true) this.#frames[this.#frames.length - 1] = { ...frame, key: true };
  }

  #unpack(packet: Parameters<Depacketizer['push']>[0]): void {
    for (const unit of this.#depacketizer?.push(packet) ?? []) {
      this.#units += 1;
      if (unit.ptsTicks !== unit.dtsTicks) this.#reordered = true;
    }
  }

  #steady(): readonly Frame[] {
    const fromMs = (this.#firstMs ?? 0) + BURST_MS;
    return this.#frames.filter(({ arrivalMs }) => arrivalMs >= fromMs);
  }

  #ms(ticks: number): number {
    return (ticks * 1000) / this.#format.clockRate;
  }
}

/** Where frames are reordered, some near the ends of a span have their neighbours outside of it. */
function inner(times: readonly number[]): readonly number[] {
  return times.length > 8 * REORDERED_MAX ? times.slice(REORDERED_MAX, -REORDERED_MAX) : times;
}

const REORDERED_MAX = 4;

interface Point {
  readonly mediaMs: number;
  readonly arrivalMs: number;
}

/** Too short a span says nothing. */
const DRIFT_SPAN_MS_MIN = 1000;

/**
 * In parts per million, by the least (arrival − media) of the first and of the last third: packets come late, never early.
 */
function drift(points: readonly Point[]): number | undefined {
  const third = Math.floor(points.length / 3);
  const first = leastLate(points.slice(0, third));
  const last = leastLate(points.slice(-third));
  if (third === 0 || first === undefined || last === undefined) return undefined;
  const spanMs = last.arrivalMs - first.arrivalMs;
  if (spanMs < DRIFT_SPAN_MS_MIN) return undefined;
  return ((last.mediaMs - first.mediaMs - spanMs) / spanMs) * 1e6;
}

function leastLate(points: readonly Point[]): Point | undefined {
  let least: Point | undefined;
  for (const point of points)
    if (least === undefined || point.arrivalMs - point.mediaMs < least.arrivalMs - least.mediaMs) least = point;
  return least;
}
