/** The registry row of a codec that is samples one after the other (`samples.ts`): all of it follows from how they lie. */
import type { Codec } from '../codec.ts';
import type { CodecName } from '../codec-parameters.ts';
import { PEEK_NOTHING } from '../peek.ts';
import type { TrackFormat } from '../track-format.ts';
import { wholeFrame } from './audio-units.ts';
import { SampleDepacketizer, SamplePacketizer, sampleParametersOf } from './samples.ts';
import type { Reorder, SampleCodecOptions, SampleLayout } from './samples.ts';

type RtpMap = Pick<TrackFormat, 'encoding' | 'clockRate' | 'channels'>;

export interface SampleCodecRow extends Pick<Codec, 'name' | 'encodings' | 'rtpmapOf'> {
  readonly name: CodecName;
  readonly layoutOf: (format: RtpMap) => SampleLayout;
  /** For encodings in another order than access units have. */
  readonly reorderOf?: (format: RtpMap) => Reorder | undefined;
}

export function sampleCodec({ layoutOf, reorderOf, ...row }: SampleCodecRow): Codec {
  const optionsOf = (format: RtpMap): SampleCodecOptions => ({
    layout: layoutOf(format),
    reorder: reorderOf?.(format),
  });
  return {
    ...row,
    media: 'audio',
    timeline: false,
    parametersFromFmtp: (format) => sampleParametersOf(row.name, layoutOf(format)),
    parametersFromSampleEntry: () => undefined,
    fmtpOf: (_parameters, said = new Map()) => said,
    contentOf: wholeFrame,
    peek: () => PEEK_NOTHING,
    depacketizer: (format) => new SampleDepacketizer(format, optionsOf(format)),
    packetizer: (format, payloadLimit) => new SamplePacketizer(format, payloadLimit, optionsOf(format)),
  };
}
