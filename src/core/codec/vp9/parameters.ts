/** The set-up of a VP9 track, from a key frame's header, and its sample entry: `vp09` with a `vpcC` (VP Codec ISO Media File Format Binding 1.0). */
import { fullBox, u16 } from '../../mp4/write/box.ts';
import type { MuxableParameters, VideoShape } from '../codec-parameters.ts';
import { findInVisualEntry, writeVisualEntry } from '../nal/visual-entry.ts';
import type { Vp9KeyHeader } from './frame-header.ts';

/** Level × 10, samples a second, samples a picture, the longer side (VP9 levels, annex A). */
const LEVELS = [
  [10, 829_440, 36_864, 512],
  [11, 2_764_800, 73_728, 768],
  [20, 4_608_000, 122_880, 960],
  [21, 9_216_000, 245_760, 1344],
  [30, 20_736_000, 552_960, 2048],
  [31, 36_864_000, 983_040, 2752],
  [40, 83_558_400, 2_228_224, 4160],
  [41, 160_432_128, 2_228_224, 4160],
  [50, 311_951_360, 8_912_896, 8384],
  [51, 588_251_136, 8_912_896, 8384],
  [52, 1_176_502_272, 8_912_896, 8384],
  [60, 1_176_502_272, 35_651_584, 16_832],
  [61, 2_353_004_544, 35_651_584, 16_832],
] as const;
const HIGHEST_LEVEL = 62;
/** The bitstream does not say how many pictures a second there are, nor its level: one for as many as cameras send. */
const USUAL_FRAME_RATE = 30;

/** Primaries, transfer and matrix (ISO 23091-2) by color_space. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [2, 2, 2],
  [5, 6, 5],
  [1, 1, 1],
  [6, 6, 6],
  [7, 7, 7],
  [9, 14, 9],
  [2, 2, 2],
  [1, 13, 0],
];
const VISUAL_SIZE_AT = 32;

/** `size`: as shown, where it is not the header's own (spatial layers); `before` if nothing changed. */
export function vp9ParametersOf(
  header: Vp9KeyHeader,
  size: { readonly width: number; readonly height: number } = header,
  before?: MuxableParameters,
): MuxableParameters {
  const level = levelOf(size.width, size.height);
  const [primaries, transfer, matrix] = COLOURS[header.colorSpace] ?? [2, 2, 2];
  const depthAndChroma = (header.bitDepth << 4) | (chromaOf(header.subsampling) << 1) | (header.fullRange ? 1 : 0);
  const payload = [header.profile, level, depthAndChroma, primaries, transfer, matrix, ...u16(0)];
  return parametersOf(payload, size.width, size.height, before);
}

/** Undefined if it is another entry. Copies what it keeps. */
export function vp9ParametersOfEntry(entry: Uint8Array): MuxableParameters | undefined {
  const payload = findInVisualEntry(entry, ['vp09'], 'vpcC');
  if (payload?.[0] !== 1 || payload.length < 12) return undefined;
  const width = ((entry[VISUAL_SIZE_AT] ?? 0) << 8) | (entry[VISUAL_SIZE_AT + 1] ?? 0);
  const height = ((entry[VISUAL_SIZE_AT + 2] ?? 0) << 8) | (entry[VISUAL_SIZE_AT + 3] ?? 0);
  if (width === 0 || height === 0) return undefined;
  return parametersOf([...payload.subarray(4, 10), ...u16(0)], width, height);
}

/** `payload`: of `vpcC` after version and flags. */
function parametersOf(
  payload: readonly number[],
  width: number,
  height: number,
  before?: MuxableParameters,
): MuxableParameters {
  const identity = `vp9/${payload.join('.')}/${width}x${height}`;
  if (before?.identity === identity) return before;
  const [profile = 0, level = 0, depthAndChroma = 0] = payload;
  const shape: VideoShape = { media: 'video', width, height, aspect: [1, 1], frameRate: undefined };
  return {
    codec: 'vp9',
    identity,
    codecString: `vp09.${[profile, level, depthAndChroma >> 4].map((part) => String(part).padStart(2, '0')).join('.')}`,
    sampleEntry: writeVisualEntry('vp09', shape, fullBox('vpcC', 1, 0, payload)),
    parameterSets: [],
    shape,
  };
}

function levelOf(width: number, height: number): number {
  const samples = width * height;
  const fits = LEVELS.find(
    ([, rate, picture, side]) =>
      samples * USUAL_FRAME_RATE <= rate && samples <= picture && Math.max(width, height) <= side,
  );
  return fits?.[0] ?? HIGHEST_LEVEL;
}

/** 4:2:0 with chroma at the luma samples' place, 4:2:2, 4:4:4; 4:4:0 has no number, and is said to be the last. */
function chromaOf([across, down]: readonly [number, number]): number {
  if (across === 1) return down === 1 ? 1 : 2;
  return 3;
}
