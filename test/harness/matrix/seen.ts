/** What a cell of the matrix showed. */
export interface Seen {
  readonly pictures: number;
  /** Frames of sound; undefined where there is none. */
  readonly sounds?: number;
  /** What the programs complained of. */
  readonly complaints: readonly string[];
}

/** Seconds of media that a cell takes. */
export const CELL_S = 2;
/** Of 50 pictures in that time. */
export const PICTURES_MIN = 40;
/** The coarsest sound has 8 frames a second. */
export const SOUNDS_MIN = 10;

/** Undefined: it works. */
export function faultOf({ pictures, sounds, complaints }: Seen): string | undefined {
  if (complaints.length > 0) return complaints.join('; ');
  if (pictures < PICTURES_MIN) return `only ${pictures} pictures`;
  if (sounds !== undefined && sounds < SOUNDS_MIN) return `only ${sounds} frames of sound`;
  return undefined;
}
