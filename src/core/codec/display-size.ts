import type { VideoShape } from './codec-parameters.ts';

/** Width and height in square pixels, as shown: the sample aspect ratio is put into the width. */
export function displaySize({ width, height, aspect }: VideoShape): {
  readonly width: number;
  readonly height: number;
} {
  const [across, down] = aspect;
  return { width: across > 0 && down > 0 ? Math.round((width * across) / down) : width, height };
}
