/** The set-up of a track of JPEGs: their size. */
import type { CodecParameters } from '../codec-parameters.ts';

/** `before` if nothing changed. HLS players know no MJPEG, so it has no place in MP4 here. */
export function mjpegParametersOf(
  { width, height, type }: { readonly width: number; readonly height: number; readonly type: number },
  before?: CodecParameters,
): CodecParameters {
  const identity = `mjpeg/${type}/${width}x${height}`;
  if (before?.identity === identity) return before;
  return {
    codec: 'mjpeg',
    identity,
    codecString: undefined,
    sampleEntry: undefined,
    parameterSets: [],
    shape: { media: 'video', width, height, aspect: [1, 1], frameRate: undefined },
  };
}
