/**
 * The head of an AC-3 sync frame (ATSC A/52 §5.3.1, §5.3.2).
 *
 *     0b77 crc1:16 | fscod:2 frmsizecod:6 | bsid:5 bsmod:3 | acmod:3 (cmixlev:2) (surmixlev:2) (dsurmod:2) lfeon:1 …
 */
import { BitReader } from '../../bytes/bit-reader.ts';

export interface Ac3Head {
  /** As coded: what `dac3` repeats. */
  readonly fscod: number;
  readonly bsid: number;
  readonly bsmod: number;
  readonly acmod: number;
  readonly lfeon: number;
  /** frmsizecod / 2. */
  readonly bitRateCode: number;
}

export interface Ac3Frame extends Ac3Head {
  readonly frameBytes: number;
}

export const AC3_SAMPLES_PER_FRAME = 1536;
/** The head ends within it. */
const HEAD_BYTES = 7;
const RATES = [48000, 44100, 32000];
const KBITS = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
const CHANNELS = [2, 1, 2, 3, 3, 4, 4, 5];
/** Up to 8 as specified; 9 and 10 are the same at a half and a quarter of the rate. Above 10 it is E-AC-3, another codec. */
const FULL_RATE_BSID = 8;
const MAX_BSID = 10;

/** The frame at `at`; undefined if none begins there. */
export function parseAc3Frame(bytes: Uint8Array, at = 0): Ac3Frame | undefined {
  if (bytes[at] !== 0x0b || bytes[at + 1] !== 0x77 || at + HEAD_BYTES > bytes.length) return undefined;
  const reader = new BitReader(bytes.subarray(at + 4, at + HEAD_BYTES));
  const fscod = reader.bits(2);
  const sizeCode = reader.bits(6);
  const bsid = reader.bits(5);
  const bsmod = reader.bits(3);
  const acmod = reader.bits(3);
  if ((acmod & 1) === 1 && acmod !== 1) reader.skip(2); // centre mix
  if ((acmod & 4) !== 0) reader.skip(2); // surround mix
  if (acmod === 2) reader.skip(2); // Dolby Surround
  const head = { fscod, bsid, bsmod, acmod, lfeon: reader.bit(), bitRateCode: sizeCode >> 1 };
  const rate = RATES[fscod];
  const kbits = KBITS[head.bitRateCode];
  if (rate === undefined || kbits === undefined || bsid > MAX_BSID) return undefined;
  // In words of two bytes; at 44.1 kHz every other frame is a word longer.
  const words = Math.floor((kbits * 1000 * AC3_SAMPLES_PER_FRAME) / rate / 16) + (rate === 44100 ? sizeCode & 1 : 0);
  return { ...head, frameBytes: 2 * words };
}

/** Undefined for codes that are reserved. */
export function ac3RateOf({ fscod, bsid }: Ac3Head): number | undefined {
  const rate = RATES[fscod];
  return rate === undefined || bsid > MAX_BSID ? undefined : rate >> Math.max(0, bsid - FULL_RATE_BSID);
}

export function ac3ChannelsOf({ acmod, lfeon }: Ac3Head): number {
  return (CHANNELS[acmod] ?? 2) + lfeon;
}
