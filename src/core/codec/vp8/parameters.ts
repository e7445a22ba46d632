/** The set-up of a VP8 track, from a key frame's header. */
import type { CodecParameters } from '../codec-parameters.ts';
import type { Vp8FrameHeader } from './frame-header.ts';

/** `before` if nothing changed. MP4 has an entry for it (`vp08`) that players do not know, so it has none here. */
export function vp8ParametersOf(
  { version, width, height }: Extract<Vp8FrameHeader, { key: true }>,
  before: CodecParameters | undefined,
): CodecParameters {
  const identity = `vp8/${version}/${width}x${height}`;
  if (before?.identity === identity) return before;
  return {
    codec: 'vp8',
    identity,
    codecString: undefined,
    sampleEntry: undefined,
    parameterSets: [],
    shape: { media: 'video', width, height, aspect: [1, 1], frameRate: undefined },
  };
}
