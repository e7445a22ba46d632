/** The access unit that the assembler has in hand: its NAL units, whole or in fragments, and what is known of them. */
import type { Pieces } from '../access-unit.ts';
import type { VideoSetup } from './video-setup.ts';

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
  /** The beginning of its first slice: SLICE_HEAD_BYTES, if there are so many. */
  firstSlice: Uint8Array | undefined;
  readonly nals: Pieces[];
  /** With what is dropped of it. */
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
