/** Opus (RFC 7587): one packet of the codec is one RTP payload; the clock is 48 kHz and rtpmap says two channels, whatever is inside. */
import type { AccessUnit } from '../access-unit.ts';
import { joined } from '../access-unit.ts';
import { AudioUnits, wholeFrame, withSamplesPerFrame } from '../audio/audio-units.ts';
import type { Codec, Depacketizer, PackedPayload, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { PEEK_NOTHING } from '../peek.ts';
import type { TrackFormat } from '../track-format.ts';
import { opusParameters, opusParametersOfEntry } from './opus-parameters.ts';
import { OPUS_RATE, opusSamples } from './toc.ts';

export const opusCodec: Codec = {
  name: 'opus',
  media: 'audio',
  timeline: true,
  encodings: ['OPUS'],
  // A decoder of two channels plays packets of one (RFC 7587 §3.4): one is announced only where the sender promises it.
  parametersFromFmtp: ({ fmtp }) => opusParameters(fmtp.get('sprop-stereo')?.trim() === '0' ? 1 : 2),
  parametersFromSampleEntry: opusParametersOfEntry,
  fmtpOf,
  rtpmapOf: () => ({ encoding: 'OPUS', clockRate: OPUS_RATE, channels: 2 }),
  contentOf: wholeFrame,
  peek: () => PEEK_NOTHING,
  depacketizer: (format) => new OpusDepacketizer(format),
  packetizer: (_format, payloadLimit) => ({ packetize: (unit) => packetize(unit, payloadLimit) }),
};

function fmtpOf({ shape }: CodecParameters, said?: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (said !== undefined) return said;
  return new Map([['sprop-stereo', shape.media === 'audio' && shape.channels === 2 ? '1' : '0']]);
}

/** §4.2: a packet is never cut; one that does not fit has none. */
function packetize(unit: AccessUnit, payloadLimit: number): readonly PackedPayload[] {
  const payload = joined(unit.data.flat());
  return payload.length > payloadLimit ? [] : [{ payload, marker: false }];
}

class OpusDepacketizer implements Depacketizer {
  readonly #units = new AudioUnits();
  #parameters: CodecParameters | undefined;

  constructor(format: TrackFormat) {
    this.#parameters = format.parameters;
  }

  push({ payload, ticks }: RtpPayload): readonly AccessUnit[] {
    const samples = opusSamples(payload);
    if (samples === undefined) {
      this.#units.count(payload.length === 0 ? 'unit-empty' : 'unit-junk');
    } else {
      this.#parameters = this.#parameters && withSamplesPerFrame(this.#parameters, samples);
      this.#units.emit(ticks, [payload], this.#parameters);
    }
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
