/**
 * The sample table of a closed recording: every sample's size, duration and place in about two bytes, written a fragment at
 * a time (sample-table-writer.ts) and read in one go (parse-sample-table.ts). All numbers are varints (varint.ts), s: signed.
 *
 *     head:      streamLength stream baseUtcMs tracks, and for each: trackId timescale
 *     segment:   1 flags number-s discontinuityNumber-s             numbers: differences to the segment before
 *     fragment:  2 gap length moof runs, and so many runs           gap: bytes since the end of the fragment before; moof: from its start
 *     run:       track flags start-s data-s count [damaged] [duration], and for each sample: size [duration-s] [composition-s]
 *                start: ticks off the end of the track's run before; data: bytes off the end of the run before (or off the fragment's start)
 *                damaged: count, and the distance of each from the one before
 *     end:       0
 *
 * Sizes, durations and composition offsets are differences to the track's sample before; sizes to that of the same kind, for a
 * key frame is many times the others. In a run that has both kinds the lowest bit of the (folded) size says which: 1 a key frame.
 */
export const SAMPLE_TABLE_VERSION = 1;

export const RECORD = { end: 0, segment: 1, fragment: 2 } as const;
export const SEGMENT_FLAG = { discontinuity: 1, independent: 2 } as const;
export const RUN_FLAG = { mixedKeys: 1, allKeys: 2, durations: 4, composition: 8, damaged: 16 } as const;

/** What the next differences are taken from: the same on both sides. */
export interface TableState {
  number: number;
  discontinuityNumber: number;
  /** End of the fragment before, in the file. */
  end: number;
  /** End of the data of the run before. */
  dataEnd: number;
  readonly tracks: readonly TrackState[];
}

export interface TrackState {
  /** Decode time where the next run is expected to start. */
  nextTicks: number;
  duration: number;
  composition: number;
  size: number;
  keySize: number;
}

export function startState(tracks: number): TableState {
  return { number: 0, discontinuityNumber: 0, end: 0, dataEnd: 0, tracks: Array.from({ length: tracks }, startTrack) };
}

function startTrack(): TrackState {
  return { nextTicks: 0, duration: 0, composition: 0, size: 0, keySize: 0 };
}
