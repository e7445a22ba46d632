/**
 * Audio whose coded bytes are samples one after the other, without frames: G.711, G.722, G.726, linear. A packet may end after any block of
 * them; an access unit is what one packet holds, and its length in time is its length in bytes (RFC 3551 §4.2).
 */
import { joined } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { Depacketizer, PackedPayload, Packetizer, RtpPayload } from '../codec.ts';
import type { CodecName, CodecParameters } from '../codec-parameters.ts';
import type { TrackFormat } from '../track-format.ts';
import { AudioUnits, MAX_AUDIO_UNIT_BYTES, ticksOfSamples, withSamplesPerFrame } from './audio-units.ts';

export interface SampleLayout {
  readonly sampleRate: number;
  readonly channels: number;
  /** The smallest piece that holds whole samples of all channels, and how many of each it holds. */
  readonly blockBytes: number;
  readonly blockSamples: number;
  /** Of one sample as coded. */
  readonly bitsPerSample: number;
}

/** What is announced until the first packet tells: the 20 ms that RFC 3551 §4.2 recommends. */
const USUAL_PACKETS_A_SECOND = 50;
const MAX_CHANNELS = 32;
const MAX_RATE = 768_000;

/** Undefined for a rate or a number of channels that is none. */
export function sampleParametersOf(codec: CodecName, layout: SampleLayout): CodecParameters | undefined {
  const { sampleRate, channels, bitsPerSample } = layout;
  if (channels < 1 || channels > MAX_CHANNELS || sampleRate < 1 || sampleRate > MAX_RATE) return undefined;
  const samplesPerFrame = Math.max(1, Math.round(sampleRate / USUAL_PACKETS_A_SECOND));
  return {
    codec,
    identity: `${codec}/${bitsPerSample}/${sampleRate}/${channels}`,
    codecString: undefined,
    sampleEntry: undefined,
    parameterSets: [],
    shape: { media: 'audio', sampleRate, channels, samplesPerFrame, bitsPerSample },
  };
}

/** For encodings whose bytes lie in another order than those of access units: each turns whole blocks into a copy. */
export interface Reorder {
  fromWire(bytes: Uint8Array): Uint8Array;
  toWire(bytes: Uint8Array): Uint8Array;
}

export interface SampleCodecOptions {
  readonly layout: SampleLayout;
  readonly reorder?: Reorder | undefined;
}

export class SampleDepacketizer implements Depacketizer {
  readonly #options: SampleCodecOptions;
  readonly #units = new AudioUnits();
  #parameters: CodecParameters | undefined;

  constructor(format: TrackFormat, options: SampleCodecOptions) {
    this.#options = options;
    this.#parameters = format.parameters;
  }

  push({ payload, ticks }: RtpPayload): readonly AccessUnit[] {
    const { layout, reorder } = this.#options;
    const blocks = Math.floor(Math.min(payload.length, MAX_AUDIO_UNIT_BYTES) / layout.blockBytes);
    const length = blocks * layout.blockBytes;
    if (length < payload.length) this.#units.count('samples-cut');
    if (this.#parameters !== undefined && blocks > 0)
      this.#parameters = withSamplesPerFrame(this.#parameters, blocks * layout.blockSamples);
    const whole = payload.subarray(0, length);
    this.#units.emit(ticks, [reorder?.fromWire(whole) ?? whole], this.#parameters);
    return this.#units.take();
  }

  flush(): readonly AccessUnit[] {
    return this.#units.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#units.dropped;
  }
}

/** Cuts a unit into packets after any block; each has the time of its first sample. */
export class SamplePacketizer implements Packetizer {
  readonly #options: SampleCodecOptions;
  readonly #clockRate: number;
  readonly #room: number;

  constructor(format: TrackFormat, payloadLimit: number, options: SampleCodecOptions) {
    const { blockBytes } = options.layout;
    this.#options = options;
    this.#clockRate = format.clockRate;
    this.#room = Math.max(1, Math.floor(payloadLimit / blockBytes)) * blockBytes;
  }

  packetize(unit: AccessUnit): readonly PackedPayload[] {
    const { layout, reorder } = this.#options;
    const whole = joined(unit.data.flat());
    const bytes = reorder?.toWire(whole) ?? whole;
    const packets: PackedPayload[] = [];
    for (let at = 0; at < bytes.length; at += this.#room) {
      const samples = (at / layout.blockBytes) * layout.blockSamples;
      const ticksLater = Math.round(ticksOfSamples(samples, this.#clockRate, layout.sampleRate));
      packets.push({ payload: bytes.subarray(at, at + this.#room), marker: false, ticksLater });
    }
    return packets;
  }
}
