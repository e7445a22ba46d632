/**
 * All codecs that weir can unpack and describe. Everything else (ONVIF metadata, …) is relayed as it comes. Where two rows have one name
 * (AAC in two packings), the first is the one that sources of access units get.
 */
import type { Codec } from './codec.ts';
import { aacCodec } from './aac/aac-codec.ts';
import { ac3Codec } from './ac3/ac3-codec.ts';
import { av1Codec } from './av1/av1-codec.ts';
import { pcmaCodec, pcmuCodec } from './g711/g711-codec.ts';
import { g722Codec } from './g722/g722-codec.ts';
import { g726Codec } from './g726/g726-codec.ts';
import { h264Codec } from './h264/h264-codec.ts';
import { h265Codec } from './h265/h265-codec.ts';
import { latmCodec } from './latm/latm-codec.ts';
import { l16Codec, l24Codec } from './linear/linear-codec.ts';
import { mjpegCodec } from './mjpeg/mjpeg-codec.ts';
import { mp3Codec } from './mp3/mp3-codec.ts';
import { mpeg4Codec } from './mpeg4/mpeg4-codec.ts';
import { opusCodec } from './opus/opus-codec.ts';
import { vp8Codec } from './vp8/vp8-codec.ts';
import { vp9Codec } from './vp9/vp9-codec.ts';
import type { CodecName, CodecParameters } from './codec-parameters.ts';
import type { TrackFormat } from './track-format.ts';

export const CODECS: readonly Codec[] = [
  h264Codec,
  h265Codec,
  av1Codec,
  vp9Codec,
  vp8Codec,
  mpeg4Codec,
  mjpegCodec,
  aacCodec,
  latmCodec,
  opusCodec,
  mp3Codec,
  ac3Codec,
  pcmuCodec,
  pcmaCodec,
  g722Codec,
  g726Codec,
  l16Codec,
  l24Codec,
];

/** By the encoding name of rtpmap, in any case; undefined: relayed only. */
export function codecFor(encoding: string): Codec | undefined {
  const wanted = encoding.toUpperCase();
  return CODECS.find((codec) => codec.encodings.includes(wanted));
}

/** The row of a codec; the first of several encodings. */
export function codecNamed(name: CodecName): Codec | undefined {
  return CODECS.find((codec) => codec.name === name);
}

/** A track as SDP gives it, completed with the decoder's set-up where its fmtp holds one. */
export function completeFormat(format: Omit<TrackFormat, 'parameters'>): TrackFormat {
  return { ...format, parameters: codecFor(format.encoding)?.parametersFromFmtp(format) };
}

/** The set-up that a sample entry box of any codec here gives; undefined: no such codec, or unusable. */
export function parametersFromSampleEntry(entry: Uint8Array): CodecParameters | undefined {
  for (const codec of CODECS) {
    const parameters = codec.parametersFromSampleEntry(entry);
    if (parameters !== undefined) return parameters;
  }
  return undefined;
}

/** The track that a source of access units announces: our own packing, with the codec's clock (90 kHz for video, the sample rate for most audio). */
export function formatFor(parameters: CodecParameters, payloadType: number): TrackFormat {
  const codec = codecNamed(parameters.codec);
  const { shape } = parameters;
  return {
    media: shape.media,
    ...(codec?.rtpmapOf?.(parameters) ?? {
      encoding: codec?.encodings[0] ?? parameters.codec.toUpperCase(),
      clockRate: shape.media === 'video' ? 90000 : shape.sampleRate,
      ...(shape.media === 'audio' && { channels: shape.channels }),
    }),
    payloadType,
    fmtp: codec?.fmtpOf(parameters) ?? new Map(),
    parameters,
  };
}

/** Samples of this codec are NAL units behind their lengths. */
export function hasNalUnits(name: CodecName): boolean {
  return codecNamed(name)?.nalLengthBytes !== undefined;
}
