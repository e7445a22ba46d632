/** Above it a parameter set is junk or hostile: 16 K pixels a side is twice the largest level. */
export const MAX_DIMENSION = 16384;

/** What is read of a slice header ends well within this. */
export const SLICE_HEAD_BYTES = 48;
