/** The VUI of a sequence parameter set (H.265 §E.2.1), as far as the frame rate. */
import type { BitReader } from '../../bytes/bit-reader.ts';
import { SQUARE, readAspect } from '../nal/aspect.ts';
import { readColour } from '../nal/colour.ts';

export interface H265Vui {
  readonly aspect: readonly [number, number];
  readonly colour: string;
  readonly frameRate: number | undefined;
}

export const NO_VUI: H265Vui = { aspect: SQUARE, colour: '', frameRate: undefined };

/** Reads `vui_parameters_present_flag` and what follows it; nothing is believed of a VUI that is cut off. */
export function readVui(reader: BitReader): H265Vui {
  if (!reader.flag()) return NO_VUI;
  const aspect = readAspect(reader);
  if (reader.flag()) reader.skip(1); // overscan
  const colour = readColour(reader);
  if (reader.flag()) void [reader.ue(), reader.ue()]; // chroma sample location
  reader.skip(3); // neutral chroma, field sequence, frame field info
  if (reader.flag()) void [reader.ue(), reader.ue(), reader.ue(), reader.ue()]; // default display window
  const frameRate = reader.flag() ? readFrameRate(reader) : undefined;
  return reader.overrun ? NO_VUI : { aspect, colour, frameRate };
}

/** One tick a picture, unlike H.264 (§E.3.1). */
function readFrameRate(reader: BitReader): number | undefined {
  const unitsInTick = reader.bits(32);
  const rate = reader.bits(32) / unitsInTick;
  return Number.isFinite(rate) && rate > 0 && rate <= 1000 ? rate : undefined;
}
