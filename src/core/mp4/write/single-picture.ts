/**
 * One key frame as an MP4 that a `<video>` shows and pauses on, without decoding: `ftyp moov moof mdat`, one sample, its length
 * filled in. H.265 shows only where the browser has it.
 */
import type { MuxableParameters } from '../../codec/codec-parameters.ts';
import { withDurations } from './durations.ts';
import { writeFragment } from './fragment.ts';
import { writeInit } from './init.ts';

export interface SinglePicture {
  readonly parameters: MuxableParameters;
  /** The sample as MP4 stores it (NAL units with length prefixes), in pieces: views, copied. */
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
}

export function writeSinglePicture({ parameters, pieces, size }: SinglePicture): Uint8Array {
  const init = writeInit([{ trackId: 1, timescale: TIMESCALE, parameters }]);
  const head = withDurations(init, () => DURATION_TICKS);
  const sample = { durationTicks: DURATION_TICKS, compositionOffsetTicks: 0, key: true, pieces, size };
  const run = { trackId: 1, baseDecodeTicks: 0, samples: [sample] };
  return writeFragment({ sequence: 1, prefix: head, tracks: [run] }).bytes;
}

const TIMESCALE = 1000;
/** Long enough for every player to call it a film, short enough not to look like one that stalls. */
const DURATION_TICKS = 1000;
