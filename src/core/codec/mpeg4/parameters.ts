/**
 * The set-up of an MPEG-4 Visual track: the headers up to the video object layer, as SDP's `config`, in-band headers and MP4's esds carry
 * them (RFC 6416 §7.1, ISO 14496-14 §5.6).
 */
import { hexOf } from '../../bytes/hex.ts';
import type { MuxableParameters, VideoShape } from '../codec-parameters.ts';
import { parseEsds, writeEsds } from '../esds.ts';
import type { VideoSetup } from '../nal/video-setup.ts';
import { findInVisualEntry, writeVisualEntry } from '../nal/visual-entry.ts';
import { parseMpeg4Layer } from './layer.ts';
import type { Mpeg4Layer } from './layer.ts';
import { VISUAL_OBJECT_SEQUENCE, findStart, isLayer } from './start-codes.ts';

export interface Mpeg4Setup extends VideoSetup {
  readonly parameters: MuxableParameters;
  readonly layer: Mpeg4Layer;
}

/** Longer is junk; real ones have 30 to 100 bytes. */
export const MAX_CONFIG_BYTES = 1024;

const OBJECT_TYPE_VISUAL = 0x20;
const STREAM_TYPE_VIDEO = 0x11;
/** Simple profile, level 1: what stands for a profile that is not said (RFC 6416 §7.1). */
const SIMPLE_LEVEL_1 = 1;

/** `config`: copied. Undefined if no layer can be read from it; `before` if it is the same. */
export function mpeg4SetupOf(config: Uint8Array, before?: Mpeg4Setup): Mpeg4Setup | undefined {
  if (config.length > MAX_CONFIG_BYTES) return undefined;
  const layerBytes = findLayer(config);
  const layer = layerBytes && parseMpeg4Layer(layerBytes);
  if (layerBytes === undefined || layer === undefined) return undefined;
  const identity = `mpeg4/${profileLevelOf(config)}/${hexOf(layerBytes)}`;
  if (before?.parameters.identity === identity) return before;
  const { width, height, aspect, frameRate, lowDelay } = layer;
  const shape: VideoShape = { media: 'video', width, height, aspect, frameRate };
  const bytes = new Uint8Array(config);
  const esds = writeEsds({ objectType: OBJECT_TYPE_VISUAL, specific: bytes }, STREAM_TYPE_VIDEO);
  const parameters: MuxableParameters = {
    codec: 'mpeg4',
    identity,
    codecString: `mp4v.20.${profileLevelOf(config)}`,
    sampleEntry: writeVisualEntry('mp4v', shape, esds),
    parameterSets: [bytes],
    shape,
  };
  return { parameters, layer, reorderDepth: lowDelay === undefined ? undefined : lowDelay ? 0 : 1 };
}

export function mpeg4ParametersOfEntry(entry: Uint8Array): MuxableParameters | undefined {
  const payload = findInVisualEntry(entry, ['mp4v'], 'esds');
  const stream = payload === undefined ? undefined : parseEsds(payload);
  if (stream?.objectType !== OBJECT_TYPE_VISUAL || stream.specific === undefined) return undefined;
  return mpeg4SetupOf(stream.specific)?.parameters;
}

/** profile_and_level_indication (ISO 14496-2 §6.3.2). */
export function profileLevelOf(config: Uint8Array): number {
  for (let at = findStart(config, 0); at >= 0; at = findStart(config, at + 3)) {
    if (config[at + 3] === VISUAL_OBJECT_SEQUENCE) return config[at + 4] ?? SIMPLE_LEVEL_1;
  }
  return SIMPLE_LEVEL_1;
}

/** What follows the start code of the layer, up to the next one (user data, which says nothing to a decoder): a view. */
function findLayer(config: Uint8Array): Uint8Array | undefined {
  for (let at = findStart(config, 0); at >= 0; at = findStart(config, at + 3)) {
    if (!isLayer(config[at + 3] ?? 0)) continue;
    const end = findStart(config, at + 4);
    return config.subarray(at + 4, end < 0 ? config.length : end);
  }
  return undefined;
}
