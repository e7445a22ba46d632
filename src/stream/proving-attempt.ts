/**
 * An attempt at a preferred source while another one is in use: it is shown to the stream with its first key frame, from which on it is the
 * source. Until then what it sends is looked at and dropped, and the other goes on.
 *
 *     preferred  ── connects ── P P P K ─────────────▶
 *     in use     ─────────────────────┘ ends            readers: one line, with a discontinuity
 */
import { codecFor } from '../core/codec/registry.ts';
import { parseRtpHeader } from '../core/rtp/packet.ts';
import { mainIndex } from './track-order.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { RelayAttempt } from './relay.ts';
import type { SourceSink, TrackSink } from './source.ts';

/** Media for so long without a key frame proves it too: its GOPs are long, or its codec is one that we cannot look into. */
export const KEY_WAIT_MS = 10_000;

export class ProvingAttempt implements RelayAttempt {
  readonly sink: SourceSink = { announce: (formats) => this.#announce(formats) };
  readonly #adopt: () => RelayAttempt | undefined;
  readonly #proven = Promise.withResolvers<void>();
  #formats: readonly TrackFormat[] = [];
  #tracks: readonly ProvingTrack[] = [];
  #adopted: RelayAttempt | undefined;
  #firstMs: number | undefined;

  /** `adopt` makes it the stream's attempt; called in the middle of a packet. It may decline. */
  constructor(adopt: () => RelayAttempt | undefined) {
    this.#adopt = adopt;
  }

  /** Resolves when the stream has it. */
  get proven(): Promise<void> {
    return this.#proven.promise;
  }

  get adopted(): boolean {
    return this.#adopted !== undefined;
  }

  end(): void {
    this.#adopted?.end();
  }

  #announce(formats: readonly TrackFormat[]): readonly TrackSink[] {
    if (this.#adopted !== undefined) return this.#adopted.sink.announce(formats);
    this.#formats = formats;
    const main = mainIndex(formats);
    this.#tracks = formats.map(
      (format, i) =>
        new ProvingTrack(format, (key, arrivalMs) => (i === main ? this.#saw(i, key, arrivalMs) : undefined)),
    );
    return this.#tracks;
  }

  /** Media of the main track came; returns its way in if the stream has the attempt now. */
  #saw(main: number, key: boolean, arrivalMs: number): TrackSink | undefined {
    this.#firstMs ??= arrivalMs;
    if (!key && arrivalMs - this.#firstMs < KEY_WAIT_MS) return undefined;
    this.#adopted = this.#adopt();
    if (this.#adopted === undefined) return undefined;
    const sinks = this.#adopted.sink.announce(this.#formats);
    for (const [i, track] of this.#tracks.entries()) track.handOver(sinks[i]);
    this.#proven.resolve();
    return sinks[main];
  }
}

class ProvingTrack implements TrackSink {
  readonly #format: TrackFormat;
  readonly #saw: (key: boolean, arrivalMs: number) => TrackSink | undefined;
  #sink: TrackSink | undefined;
  /** The last one, for the stream: the next may be long in coming. */
  #report: { readonly ntpUtcMs: number; readonly rtpTimestamp: number } | undefined;

  /** `saw` is told of media, and returns where it goes once the stream has it. */
  constructor(format: TrackFormat, saw: (key: boolean, arrivalMs: number) => TrackSink | undefined) {
    this.#format = format;
    this.#saw = saw;
  }

  handOver(sink: TrackSink | undefined): void {
    this.#sink = sink;
    if (this.#report !== undefined) sink?.senderReport(this.#report.ntpUtcMs, this.#report.rtpTimestamp);
    this.#report = undefined;
  }

  packet(packet: Uint8Array, arrivalMs: number, lostBefore: number): void {
    const sink = this.#sink ?? this.#saw(this.#isKey(packet), arrivalMs);
    sink?.packet(packet, arrivalMs, lostBefore);
  }

  accessUnit(unit: AccessUnit, arrivalMs: number): void {
    const sink = this.#sink ?? this.#saw(unit.key, arrivalMs);
    sink?.accessUnit(unit, arrivalMs);
  }

  senderReport(ntpUtcMs: number, rtpTimestamp: number): void {
    if (this.#sink === undefined) this.#report = { ntpUtcMs, rtpTimestamp };
    else this.#sink.senderReport(ntpUtcMs, rtpTimestamp);
  }

  goodbye(): void {
    this.#sink?.goodbye();
  }

  flush(): void {
    this.#sink?.flush();
  }

  /** Parameter sets go ahead of their key frame: it begins with them. */
  #isKey(packet: Uint8Array): boolean {
    const { media, encoding } = this.#format;
    if (media !== 'video') return true;
    const codec = codecFor(encoding);
    const header = codec === undefined ? undefined : parseRtpHeader(packet);
    if (codec === undefined || header === undefined) return false;
    const payload = packet.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength);
    const { key, parameterSets } = codec.peek(payload);
    return key || parameterSets;
  }
}
