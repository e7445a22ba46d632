/** RTP payloads of AAC into access units (RFC 3640 §3.2): several units a packet, one unit in several packets, interleaved ones. */
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { AudioUnits, MAX_AUDIO_UNIT_BYTES } from '../audio/audio-units.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseAdts } from './adts.ts';
import { aacParametersOf } from './aac-parameters.ts';
import { auHeaderLayoutOf, parseAuHeaders } from './au-headers.ts';
import type { AuHeaderLayout } from './au-headers.ts';

/** Units that wait for earlier ones of an interleaved stream. */
export const MAX_INTERLEAVED_UNITS = 256;

export class AacDepacketizer implements Depacketizer {
  readonly #clockRate: number;
  readonly #layout: AuHeaderLayout;
  readonly #units = new AudioUnits();
  #parameters: CodecParameters | undefined;
  /** SDP gave a config, or a header did. */
  #configSaid: boolean;
  #fragments:
    | { readonly ticks: number; readonly size: number; readonly parts: Uint8Array[]; bytes: number }
    | undefined;
  /** In order of time. */
  readonly #interleaved: TimedFrame[] = [];

  constructor(format: TrackFormat) {
    this.#clockRate = format.clockRate;
    this.#layout = auHeaderLayoutOf(format.fmtp);
    this.#parameters = format.parameters;
    this.#configSaid = format.fmtp.has('config');
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const headers = parseAuHeaders(packet.payload, this.#layout);
    if (headers === undefined || headers.units.length === 0) {
      this.#units.count('au-headers-junk');
      return this.#units.take();
    }
    if (packet.lostBefore > 0) this.#dropFragments();
    this.#releaseBefore(packet.ticks);
    const [first] = headers.units;
    const room = packet.payload.length - headers.dataOffset;
    if (headers.units.length === 1 && first !== undefined && (first.size > room || this.#fragments !== undefined)) {
      this.#takeFragment(packet.payload.subarray(headers.dataOffset), first.size, packet);
    } else {
      this.#takeUnits(packet, headers.dataOffset, headers.units);
    }
    return this.#units.take();
  }

  flush(): readonly AccessUnit[] {
    this.#dropFragments();
    this.#releaseBefore(Number.POSITIVE_INFINITY);
    return this.#units.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#units.dropped;
  }

  #takeUnits(
    packet: RtpPayload,
    dataOffset: number,
    units: readonly { readonly size: number; readonly index: number }[],
  ): void {
    this.#dropFragments();
    const interleaved = units.some((unit, i) => unit.index !== (units[0]?.index ?? 0) + i);
    let at = dataOffset;
    for (const unit of units) {
      if (unit.size > packet.payload.length - at) return this.#units.count('unit-cut');
      const frame = packet.payload.subarray(at, at + unit.size);
      at += unit.size;
      const ticks = packet.ticks + Math.round((unit.index - (units[0]?.index ?? 0)) * this.#frameTicks());
      if (interleaved || this.#interleaved.length > 0) this.#hold({ ticks, frame });
      else this.#emit(ticks, frame);
    }
  }

  /** One unit over several packets: each says the size of the whole (§3.2.3). */
  #takeFragment(part: Uint8Array, size: number, packet: RtpPayload): void {
    if (this.#fragments !== undefined && this.#fragments.ticks !== packet.ticks) this.#dropFragments();
    if (size > MAX_AUDIO_UNIT_BYTES) return this.#units.count('unit-too-large');
    const fragments = (this.#fragments ??= { ticks: packet.ticks, size, parts: [], bytes: 0 });
    if (part.length > 0) fragments.parts.push(part);
    fragments.bytes += part.length;
    if (fragments.bytes < fragments.size && !packet.marker) return;
    this.#fragments = undefined;
    if (fragments.bytes !== fragments.size) return this.#units.count('unit-cut');
    this.#emit(fragments.ticks, joined(fragments.parts));
  }

  #hold(frame: TimedFrame): void {
    if (this.#interleaved.length === MAX_INTERLEAVED_UNITS) return this.#units.count('interleaved-overflow');
    let at = this.#interleaved.length;
    while (at > 0 && (this.#interleaved[at - 1]?.ticks ?? 0) > frame.ticks) at -= 1;
    this.#interleaved.splice(at, 0, frame);
  }

  /** A packet's timestamp is that of its earliest unit, and they ascend: nothing earlier comes any more (§3.2.3.2). */
  #releaseBefore(ticks: number): void {
    while ((this.#interleaved[0]?.ticks ?? Number.POSITIVE_INFINITY) < ticks) {
      const frame = this.#interleaved.shift();
      if (frame !== undefined) this.#emit(frame.ticks, frame.frame);
    }
  }

  #emit(ticks: number, unit: Uint8Array): void {
    const adts = parseAdts(unit);
    if (adts === undefined) return this.#units.emit(ticks, [unit], this.#parameters);
    this.#units.count('adts-stripped');
    for (const [i, { frame, config }] of adts.entries()) {
      if (!this.#configSaid && config !== undefined) this.#learn(config);
      this.#units.emit(ticks + Math.round(i * this.#frameTicks()), [frame], this.#parameters);
    }
  }

  /** A header knows better than a guess from rtpmap. */
  #learn(config: Uint8Array): void {
    this.#configSaid = true;
    this.#parameters = aacParametersOf(config) ?? this.#parameters;
  }

  #frameTicks(): number {
    const shape = this.#parameters?.shape;
    return shape?.media === 'audio' ? (shape.samplesPerFrame * this.#clockRate) / shape.sampleRate : 0;
  }

  #dropFragments(): void {
    if (this.#fragments !== undefined) this.#units.count('unit-cut');
    this.#fragments = undefined;
  }
}

interface TimedFrame {
  readonly ticks: number;
  readonly frame: Uint8Array;
}
