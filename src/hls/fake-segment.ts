/** Segments for tests: real fragments and inits of one small picture, twenty a second. */
import { createHash } from 'node:crypto';
import { writeFragment, type FragmentSample } from '../core/mp4/write/fragment.ts';
import { writeInit } from '../core/mp4/write/init.ts';
import { writeSegmentStart } from '../core/mp4/recording/segment-start.ts';
import { samplePieces, sampleSize } from '../core/codec/sample.ts';
import { byteLengthOf } from '../core/codec/access-unit.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { CodecParameters, MuxableParameters } from '../core/codec/codec-parameters.ts';
import { H264_KEY_FRAME } from '../picture/key-frames.table.ts';
import type { Fragment, InitSegment } from '../stream/fragment.ts';
import type { HeadSegment } from '../stream/timeline.ts';

export const FAKE_START_UTC_MS = Date.UTC(2026, 0, 1, 10);
export const FAKE_FIRST_NUMBER = 1_767_261_600;
const FRAME_RATE = 20;
const FRAME_TICKS = 90_000 / FRAME_RATE;
const PARTS = 4;

export interface FakeSegment {
  /** Counted from FAKE_FIRST_NUMBER. */
  readonly index: number;
  readonly startUtcMs?: number;
  readonly durationMs?: number;
  readonly discontinuity?: boolean;
  readonly independent?: boolean;
  readonly init?: InitSegment;
}

export function fakeUnit(parameters: CodecParameters = H264_KEY_FRAME.parameters): AccessUnit {
  const data = H264_KEY_FRAME.nals.map((nal) => [nal]);
  const byteLength = byteLengthOf(H264_KEY_FRAME.nals);
  return { ptsTicks: 0, dtsTicks: 0, key: true, damaged: false, data, byteLength, parameters };
}

export function fakeInit(parameters: MuxableParameters = H264_KEY_FRAME.parameters): InitSegment {
  const tracks = [{ trackId: 1, timescale: 90_000, parameters }];
  const bytes = writeInit(tracks);
  return { hash: createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes, tracks };
}

/** Two seconds of twenty frames a second in four parts, if it is not said otherwise. */
export function fakeSegment(wanted: FakeSegment): HeadSegment {
  const { index, durationMs = 2000, discontinuity = false, independent = true, init = fakeInit() } = wanted;
  const number = FAKE_FIRST_NUMBER + index;
  const startUtcMs = wanted.startUtcMs ?? FAKE_START_UTC_MS + 2000 * index;
  const partMs = durationMs / PARTS;
  const fragments = Array.from({ length: PARTS }, (_, part): Fragment => {
    const startTicks = (startUtcMs + part * partMs) * 90;
    const samples = samplesOf(Math.round((partMs * FRAME_RATE) / 1000), part === 0 && independent);
    const prefix = writeSegmentStart({ number, discontinuityNumber: 0, discontinuity, independent });
    const { bytes, tfdtOffsets } = writeFragment({
      sequence: index * PARTS + part,
      ...(part === 0 && { prefix }),
      tracks: [{ trackId: 1, baseDecodeTicks: startTicks, samples }],
    });
    const durationTicks = samples.length * FRAME_TICKS;
    return {
      segment: number,
      part,
      bytes,
      tfdtOffsets,
      startUtcMs: startUtcMs + part * partMs,
      durationMs: partMs,
      tracks: [{ trackId: 1, timescale: 90_000, startTicks, durationTicks, samples: samples.length, keys: [] }],
      independent: part === 0 && independent,
      damaged: false,
      discontinuity: part === 0 && discontinuity,
      init,
    };
  });
  const bytes = fragments.reduce((sum, fragment) => sum + fragment.bytes.length, 0);
  return { number, startUtcMs, durationMs, bytes, initHash: init.hash, discontinuity, independent, init, fragments };
}

function samplesOf(count: number, key: boolean): readonly FragmentSample[] {
  const unit = fakeUnit();
  const sample = {
    durationTicks: FRAME_TICKS,
    compositionOffsetTicks: 0,
    pieces: samplePieces(unit),
    size: sampleSize(unit),
  };
  return Array.from({ length: count }, (_, i) => ({ ...sample, key: key && i === 0 }));
}
