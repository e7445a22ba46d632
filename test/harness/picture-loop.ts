/** The plain H.264 fixture as a loop of pictures in small packets, each key frame with its parameter sets. */
import { payloadsOf, videoStream } from '../fixtures/streams/units.ts';

/** A picture is several packets: so that part of one can be lost. */
const PAYLOAD_BYTES = 60;
export const PICTURE_MS = 40;
export const PICTURE_TICKS = 90 * PICTURE_MS;
export const PICTURES_PER_GOP = 15;
export const PICTURES_PER_LOOP = 30;

export interface LoopPacket {
  readonly payload: Uint8Array;
  readonly marker: boolean;
}

export function pictureLoop(): readonly (readonly LoopPacket[])[] {
  const pictures: LoopPacket[][] = [];
  let last: number | undefined;
  for (const { payload, marker, ticks } of payloadsOf(videoStream('plain-h264'), PAYLOAD_BYTES)) {
    if (ticks !== last) pictures.push([]);
    last = ticks;
    pictures.at(-1)?.push({ payload, marker });
  }
  return pictures;
}
