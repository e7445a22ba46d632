/** What a multivariant playlist says of a variant, taken from its segments and their inits. Pure. */
import type { Variant } from '../core/hls/multivariant-playlist.ts';
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import { displaySize } from '../core/codec/display-size.ts';

export interface SegmentSize {
  readonly bytes: number;
  readonly durationMs: number;
}

export type VariantFacts = Omit<Variant, 'uri'>;

/**
 * `setups`: the parameters of all tracks of all inits, the newest init first: players choose by the codec strings before they load
 * anything, so all are named; size and shape are the newest's.
 */
export function variantFacts(
  setups: readonly CodecParameters[],
  segments: readonly SegmentSize[],
  frameRate: number | undefined,
): VariantFacts {
  const video = setups.map(({ shape }) => shape).find((shape) => shape.media === 'video');
  return {
    codecs: [...new Set(setups.flatMap(({ codecString }) => codecString ?? []))],
    resolution: video === undefined ? undefined : displaySize(video),
    frameRate: video === undefined ? undefined : (frameRate ?? video.frameRate),
    bandwidth: peakBandwidth(segments),
    averageBandwidth: averageBandwidth(segments),
  };
}

/** Frames of a track that follow each other. */
export interface MeasuredRun {
  readonly samples: number;
  readonly durationTicks: number;
  readonly timescale: number;
}

/** Frames a second, measured: what cameras write into their parameter sets is often wrong. Undefined of nothing. */
export function measuredFrameRate(runs: readonly MeasuredRun[]): number | undefined {
  let samples = 0;
  let seconds = 0;
  for (const run of runs) {
    samples += run.samples;
    seconds += run.durationTicks / run.timescale;
  }
  return seconds > 0 ? samples / seconds : undefined;
}

/** Bits a second over all. */
function averageBandwidth(segments: readonly SegmentSize[]): number {
  let bytes = 0;
  let ms = 0;
  for (const segment of segments) {
    bytes += segment.bytes;
    ms += segment.durationMs;
  }
  return ms === 0 ? 0 : (bytes * 8000) / ms;
}

/**
 * Bits a second of the heaviest segment. Short ones (cut at a break: little more than a key frame) do not count: the peak is
 * one of about a target duration (RFC 8216 §4.3.4.2).
 */
function peakBandwidth(segments: readonly SegmentSize[]): number {
  const longest = segments.reduce((most, { durationMs }) => Math.max(most, durationMs), 0);
  let peak = 0;
  for (const { bytes, durationMs } of segments) {
    if (durationMs >= longest / 2 && durationMs > 0) peak = Math.max(peak, (bytes * 8000) / durationMs);
  }
  return peak;
}
