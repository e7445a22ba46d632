/**
 * ADTS headers (ISO 14496-3 §1.A.2.2), which some cameras leave on the frames that they send as raw AAC (g2r#1328).
 *
 *     sync:12 id:1 layer:2=0 no_crc:1 | profile:2 rate_index:4 private:1 channels:3 … | length:13 … | (crc:16)
 */
import { rateOfIndex, writeAacLcConfig } from './audio-specific-config.ts';

const HEADER_BYTES = 7;
const CRC_BYTES = 2;

export interface AdtsFrame {
  /** View, without the header. */
  readonly frame: Uint8Array;
  /** An AudioSpecificConfig of the same meaning; undefined if the channels are not said. */
  readonly config: Uint8Array | undefined;
}

/** The frames of an access unit that is nothing but ADTS; undefined if it is not. A raw AAC frame cannot begin with the sync word and fit the length. */
export function parseAdts(unit: Uint8Array): readonly AdtsFrame[] | undefined {
  const frames: AdtsFrame[] = [];
  let at = 0;
  while (at < unit.length) {
    const one = unit[at + 1] ?? 0;
    if (unit[at] !== 0xff || (one & 0xf6) !== 0xf0) return undefined;
    const two = unit[at + 2] ?? 0;
    const three = unit[at + 3] ?? 0;
    const length = ((three & 3) << 11) | ((unit[at + 4] ?? 0) << 3) | ((unit[at + 5] ?? 0) >> 5);
    const head = HEADER_BYTES + ((one & 1) === 1 ? 0 : CRC_BYTES);
    if (length <= head || at + length > unit.length) return undefined;
    const rate = rateOfIndex((two >> 2) & 15);
    const channels = ((two & 1) << 2) | (three >> 6);
    const config = rate === undefined ? undefined : writeAacLcConfig(rate, channels === 7 ? 8 : channels);
    frames.push({ frame: unit.subarray(at + head, at + length), config });
    at += length;
  }
  return frames;
}
