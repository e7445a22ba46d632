/**
 * The sample entry of an audio track (ISO 14496-12 §12.2.3): the part that all codecs share, around a codec's configuration box.
 *
 *     size type | 6 zeros, data_reference_index:u16 | 8 zeros | channels:u16 bits:u16 | 4 zeros | rate:16.16 | configuration box
 */
import { box, u16, u32 } from '../../mp4/write/box.ts';
import { findBox } from '../nal/visual-entry.ts';

/** Size, type and the fixed fields; QuickTime's version 1 has 16 bytes more. */
const FIXED_BYTES = 36;
const VERSION_1_BYTES = 16;
const BITS = 16;

/** What the fixed fields say; `sampleRate` is 0 for rates that 16 bits cannot hold. */
export interface AudioEntryHead {
  readonly channels: number;
  readonly sampleRate: number;
}

export function writeAudioEntry(
  type: string,
  { channels, sampleRate }: AudioEntryHead,
  configuration: Uint8Array,
): Uint8Array {
  return box(
    type,
    [0, 0, 0, 0, 0, 0, ...u16(1)],
    new Uint8Array(8),
    [...u16(channels), ...u16(BITS)],
    u32(0),
    u32((sampleRate < 65536 ? sampleRate : 0) * 65536),
    configuration,
  );
}

/** Undefined if it is not an entry of this type, or is cut. */
export function parseAudioEntryHead(entry: Uint8Array, type: string): AudioEntryHead | undefined {
  if (entry.length < FIXED_BYTES || String.fromCharCode(...entry.subarray(4, 8)) !== type) return undefined;
  return {
    channels: ((entry[24] ?? 0) << 8) | (entry[25] ?? 0),
    sampleRate: ((entry[32] ?? 0) << 8) | (entry[33] ?? 0),
  };
}

/** The payload (a view) of a box directly inside an entry of this type, or inside its `wave` as QuickTime has it. */
export function findInAudioEntry(entry: Uint8Array, type: string, wanted: string): Uint8Array | undefined {
  if (parseAudioEntryHead(entry, type) === undefined) return undefined;
  const version = ((entry[16] ?? 0) << 8) | (entry[17] ?? 0);
  const from = version === 1 ? FIXED_BYTES + VERSION_1_BYTES : FIXED_BYTES;
  const wave = findBox(entry, from, 'wave');
  return findBox(entry, from, wanted) ?? (wave === undefined ? undefined : findBox(wave, 0, wanted));
}
