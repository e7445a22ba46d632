/**
 * RTP payloads of LATM into AAC frames (RFC 6416 §6.1): an audioMuxElement a packet, or one over several, the last with the marker.
 *
 *     cpresent=0:                                     length:8* frame | …        length: bytes of 255, then one below
 *     cpresent=1:   same_config:1 (StreamMuxConfig)   length:8* frame | …        from there on at any bit
 */
import { BitReader } from '../../bytes/bit-reader.ts';
import { bytesAtBit } from '../../bytes/bit-writer.ts';
import { hexOf } from '../../bytes/hex.ts';
import { aacParametersOf } from '../aac/aac-parameters.ts';
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import { AudioUnits, MAX_AUDIO_UNIT_BYTES, ticksOfSamples } from '../audio/audio-units.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import type { TrackFormat } from '../track-format.ts';
import { configInFmtp, isConfigInBand } from './latm-fmtp.ts';
import { readStreamMuxConfig } from './stream-mux-config.ts';
import type { StreamMuxConfig } from './stream-mux-config.ts';

/** Of one element; senders cut at the size of a packet. */
const MAX_PIECES = 256;

interface OpenElement {
  readonly ticks: number;
  readonly pieces: Uint8Array[];
  bytes: number;
}

export class LatmDepacketizer implements Depacketizer {
  readonly #clockRate: number;
  readonly #inBand: boolean;
  readonly #units = new AudioUnits();
  #config: StreamMuxConfig | undefined;
  #parameters: CodecParameters | undefined;
  #open: OpenElement | undefined;
  /** What has this time belongs to an element of which something is lost. */
  #lostTicks: number | undefined;

  constructor(format: TrackFormat) {
    this.#clockRate = format.clockRate;
    this.#inBand = isConfigInBand(format.fmtp);
    this.#config = configInFmtp(format.fmtp);
    this.#parameters = format.parameters;
  }

  push({ payload, ticks, marker, lostBefore }: RtpPayload): readonly AccessUnit[] {
    if (lostBefore > 0 && this.#open !== undefined) this.#lose(this.#open);
    // A sender that never marks: an element ends where another time begins.
    if (this.#open !== undefined && this.#open.ticks !== ticks) this.#finish(this.#open);
    if (ticks !== this.#lostTicks) {
      this.#lostTicks = undefined;
      this.#add(payload, ticks, marker);
    }
    return this.#units.take();
  }

  flush(): readonly AccessUnit[] {
    if (this.#open !== undefined) this.#finish(this.#open);
    return this.#units.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#units.dropped;
  }
  #add(payload: Uint8Array, ticks: number, marker: boolean): void {
    const open = (this.#open ??= { ticks, pieces: [], bytes: 0 });
    open.pieces.push(payload);
    open.bytes += payload.length;
    if (open.bytes > MAX_AUDIO_UNIT_BYTES || open.pieces.length > MAX_PIECES) {
      this.#lose(open);
      return this.#units.count('unit-too-large');
    }
    if (marker) this.#finish(open);
  }

  #lose({ ticks }: OpenElement): void {
    this.#open = undefined;
    this.#lostTicks = ticks;
    this.#units.count('unit-cut');
  }

  #finish({ pieces, ticks }: OpenElement): void {
    this.#open = undefined;
    const element = joined(pieces);
    const reader = new BitReader(element);
    const config = this.#inBand ? this.#readConfig(element, reader) : this.#config;
    if (config === undefined) return this.#units.count('unit-without-config');
    const frames = framesOf(element, reader, config);
    if (frames === undefined) return this.#units.count('unit-cut');
    for (const [i, frame] of frames.entries())
      this.#units.emit(ticks + Math.round(i * this.#frameTicks()), [frame], this.#parameters);
  }

  /** The config that the element brings, or the one before it. */
  #readConfig(element: Uint8Array, reader: BitReader): StreamMuxConfig | undefined {
    if (reader.flag()) return this.#config;
    const config = readStreamMuxConfig(element, reader);
    if (config === undefined) return undefined;
    this.#config = config;
    if (this.#parameters?.identity !== `aac/${hexOf(config.specific)}`)
      this.#parameters = aacParametersOf(config.specific) ?? this.#parameters;
    return config;
  }

  #frameTicks(): number {
    const shape = this.#parameters?.shape;
    return shape?.media === 'audio' ? ticksOfSamples(shape.samplesPerFrame, this.#clockRate, shape.sampleRate) : 0;
  }
}

/** Views of `element`, copies where they do not begin at a byte; undefined if lengths and element do not fit each other. */
function framesOf(
  element: Uint8Array,
  reader: BitReader,
  { frames: count, fixedBytes, hasOtherData }: StreamMuxConfig,
): readonly Uint8Array[] | undefined {
  const frames: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = fixedBytes ?? readLength(reader);
    const at = reader.position;
    reader.skip(8 * bytes);
    if (reader.overrun) return undefined;
    frames.push((at & 7) === 0 ? element.subarray(at >> 3, (at >> 3) + bytes) : bytesAtBit(element, at, bytes));
  }
  // A piece taken for a whole element says some length; a whole one leaves nothing over.
  return hasOtherData || reader.bitsLeft < 8 ? frames : undefined;
}

function readLength(reader: BitReader): number {
  let length = 0;
  for (;;) {
    const byte = reader.bits(8);
    length += byte;
    if (byte < 255 || reader.overrun) return length;
  }
}
