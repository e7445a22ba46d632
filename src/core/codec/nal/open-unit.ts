/** The access unit that the assembler has in hand: its NAL units, whole or in fragments, and what is known of them. */
import type { VideoSetup } from './video-setup.ts';

export interface Nal {
  readonly parts: Uint8Array[];
  bytes: number;
}

export interface OpenUnit {
  readonly ticks: number;
  /** Packets were lost directly before its first. */
  readonly lostBefore: boolean;
  /** Something of it was lost. */
  lost: boolean;
  /** Too much for the limits: everything else of it is dropped. */
  overflown: boolean;
  markedBeforeSlice: boolean;
  startsPicture: boolean;
  leansBack: boolean;
  key: boolean;
  setup: VideoSetup | undefined;
  /** Index in `nals`. */
  firstSlice: number | undefined;
  readonly nals: Nal[];
  bytes: number;
  pieces: number;
}

export function openUnit(ticks: number, lostBefore: boolean): OpenUnit {
  return {
    ticks,
    lostBefore,
    lost: false,
    overflown: false,
    markedBeforeSlice: false,
    startsPicture: false,
    leansBack: false,
    key: false,
    setup: undefined,
    firstSlice: undefined,
    nals: [],
    bytes: 0,
    pieces: 0,
  };
}

/** Whole NAL units as they are; all fragmented ones of the unit joined, once, in one buffer. */
export function contentOf(nals: readonly Nal[]): { readonly data: readonly Uint8Array[]; readonly byteLength: number } {
  let byteLength = 0;
  let joinedBytes = 0;
  for (const nal of nals) {
    byteLength += nal.bytes;
    if (nal.parts.length > 1) joinedBytes += nal.bytes;
  }
  const joined = new Uint8Array(joinedBytes);
  let at = 0;
  const data = nals.map((nal) => {
    const [only] = nal.parts;
    if (nal.parts.length === 1 && only !== undefined) return only;
    const start = at;
    for (const part of nal.parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined.subarray(start, at);
  });
  return { data, byteLength };
}
