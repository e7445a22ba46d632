/** The size of a still: square pixels, the frame's own shape, never enlarged, even numbers (4:2:0). */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Widths that `?width=` is rounded up to, so that few sizes are decoded and cached.
 * 160–240 are tiles of a storyboard, 320–480 of a dashboard.
 */
const STILL_WIDTHS: readonly number[] = [160, 240, 320, 480, 640, 960, 1280, 1920];

/** The listed width at or above `wanted`; undefined (the frame's own) for undefined and beyond the last. */
export function listedWidth(wanted: number | undefined): number | undefined {
  return wanted === undefined ? undefined : STILL_WIDTHS.find((width) => width >= wanted);
}

/**
 * The display size of a frame of `width` × `height` coded pixels with sample aspect ratio `aspect` (H.264 §E.2.1), reduced to at most
 * `wanted` pixels of width. Wide pixels stretch the picture sideways, narrow ones upwards, so that no line is lost.
 */
export function pictureSize(
  frame: PictureSize,
  aspect: readonly [number, number],
  wanted: number | undefined,
): PictureSize {
  const ratio = aspect[0] > 0 && aspect[1] > 0 ? aspect[0] / aspect[1] : 1;
  const ownWidth = ratio >= 1 ? frame.width * ratio : frame.width;
  const ownHeight = ratio >= 1 ? frame.height : frame.height / ratio;
  const scale = wanted === undefined ? 1 : Math.min(1, wanted / ownWidth);
  return { width: even(ownWidth * scale), height: even(ownHeight * scale) };
}

function even(length: number): number {
  return Math.min(MAX_SIDE, Math.max(2, 2 * Math.round(length / 2)));
}

/** The longest side that a JPEG can have is 65,535; an absurd aspect ratio must not ask for more than this. */
const MAX_SIDE = 16_384;
