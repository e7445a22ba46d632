/** Makes a `Fragment` of the samples of a part. */
import { samplePieces, sampleSize } from '../core/codec/sample.ts';
import { writeFragment } from '../core/mp4/write/fragment.ts';
import { writeSegmentStart } from '../core/mp4/recording/segment-start.ts';
import type { SegmentStart } from '../core/mp4/recording/segment-start.ts';
import type { Fragment, FragmentTrack, InitSegment, KeySample } from './fragment.ts';
import type { Sample } from './timed-unit.ts';

export interface PartTrack {
  readonly trackId: number;
  readonly timescale: number;
  readonly samples: readonly Sample[];
}

export interface PartInput {
  /** Grows from fragment to fragment. */
  readonly sequence: number;
  readonly part: number;
  /** The segment that it belongs to; written before the first part. */
  readonly segment: SegmentStart;
  readonly init: InitSegment;
  /** The leading track first; it has samples. */
  readonly tracks: readonly [PartTrack, ...PartTrack[]];
}

export function fragmentOf(input: PartInput): Fragment {
  const first = input.part === 0;
  const written = writeFragment({
    sequence: input.sequence,
    ...(first && { prefix: writeSegmentStart(input.segment) }),
    tracks: input.tracks.map(({ trackId, samples }) => ({
      trackId,
      baseDecodeTicks: samples[0]?.dtsTicks ?? 0,
      samples: samples.map(({ unit, dtsTicks, ptsTicks, durationTicks }) => ({
        durationTicks,
        compositionOffsetTicks: ptsTicks - dtsTicks,
        key: unit.key,
        damaged: unit.damaged,
        pieces: samplePieces(unit),
        size: sampleSize(unit),
      })),
    })),
  });
  const [main] = input.tracks;
  const tracks = input.tracks.map((track, i) => trackOf(track, written.sampleOffsets[i] ?? []));
  return {
    segment: input.segment.number,
    part: input.part,
    bytes: written.bytes,
    tfdtOffsets: written.tfdtOffsets,
    startUtcMs: ((main.samples[0]?.ptsTicks ?? 0) * 1000) / main.timescale,
    durationMs: (durationOf(main.samples) * 1000) / main.timescale,
    tracks: tracks.filter((track) => track.samples > 0),
    independent: main.samples[0]?.unit.key === true,
    damaged: input.tracks.some((track) => track.samples.some((sample) => sample.unit.damaged)),
    discontinuity: first && input.segment.discontinuity,
    init: input.init,
  };
}

function trackOf(track: PartTrack, offsets: readonly number[]): FragmentTrack {
  const { trackId, timescale, samples } = track;
  const keys: KeySample[] = [];
  samples.forEach(({ unit, ptsTicks }, i) => {
    if (!unit.key || unit.parameters.shape.media !== 'video') return;
    const ptsUtcMs = (ptsTicks * 1000) / timescale;
    keys.push({ ptsUtcMs, offset: offsets[i] ?? 0, length: sampleSize(unit), damaged: unit.damaged });
  });
  const startTicks = samples[0]?.dtsTicks ?? 0;
  return { trackId, timescale, startTicks, durationTicks: durationOf(samples), samples: samples.length, keys };
}

function durationOf(samples: readonly Sample[]): number {
  return samples.reduce((sum, sample) => sum + sample.durationTicks, 0);
}
