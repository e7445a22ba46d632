/** Above it a parameter set is junk or hostile: 16 K pixels a side is twice the largest level. */
export const MAX_DIMENSION = 16384;
