/** A complete segment before anybody has read it: its size is known, its bytes come when they are asked for, and only those. */
export interface SegmentContent {
  readonly bytes: number;
  /** What holds the bytes in memory while they are on their way: who reads contents of the same holder holds them once. */
  readonly holder: object;
  /** Bytes [start, end), all of them if not told, in pieces, in order, never written again; undefined if they are gone meanwhile. */
  read(start?: number, end?: number): Promise<readonly Uint8Array[] | undefined>;
}

/** Of pieces that are in memory: views of them. */
export function contentOf(pieces: readonly Uint8Array[], holder: object): SegmentContent {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return { bytes, holder, read: async (start = 0, end = bytes) => span(pieces, start, end) };
}

function span(pieces: readonly Uint8Array[], start: number, end: number): readonly Uint8Array[] {
  const views: Uint8Array[] = [];
  let at = 0;
  for (const piece of pieces) {
    const view = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (view.length > 0) views.push(view);
    at += piece.length;
  }
  return views;
}
