/**
 * The set-up of an AV1 track: its sequence header, and the sample entry `av01` with it (AV1-ISOBMFF §2.2, §2.3).
 *
 *     av1C: 1 version:7=1 | profile:3 level:5 | tier:1 high:1 twelve:1 monochrome:1 across:1 down:1 position:2 | 0 | sequence header OBU
 */
import { hexOf } from '../../bytes/hex.ts';
import { box } from '../../mp4/write/box.ts';
import { joined } from '../access-unit.ts';
import type { MuxableParameters, VideoShape } from '../codec-parameters.ts';
import { findInVisualEntry, writeVisualEntry } from '../nal/visual-entry.ts';
import { OBU_SEQUENCE_HEADER, readObu, sizedObu } from './obu.ts';
import { parseAv1SequenceHeader } from './sequence-header.ts';
import type { Av1SequenceHeader } from './sequence-header.ts';

const FIXED_BYTES = 4;
const SEQUENCE_OBU = Uint8Array.of(OBU_SEQUENCE_HEADER << 3);
/** A longer sequence header is junk; real ones have 10 to 20 bytes. */
const MAX_SEQUENCE_BYTES = 256;

/** `sequence`: payload of the sequence header OBU, copied. Undefined if it cannot be used; `before` if it is the same. */
export function av1ParametersOf(sequence: Uint8Array, before?: MuxableParameters): MuxableParameters | undefined {
  if (sequence.length > MAX_SEQUENCE_BYTES) return undefined;
  const identity = `av1/${hexOf(sequence)}`;
  if (before?.identity === identity) return before;
  const header = parseAv1SequenceHeader(sequence);
  if (header === undefined) return undefined;
  const { width, height, frameRate } = header;
  const shape: VideoShape = { media: 'video', width, height, aspect: [1, 1], frameRate };
  const obu = joined(sizedObu({ header: SEQUENCE_OBU, payload: [sequence] }));
  return {
    codec: 'av1',
    identity,
    codecString: codecStringOf(header),
    sampleEntry: writeVisualEntry('av01', shape, box('av1C', configurationOf(header), obu)),
    parameterSets: [obu],
    shape,
  };
}

/** Undefined if it is another entry, or holds no sequence header. */
export function av1ParametersOfEntry(entry: Uint8Array): MuxableParameters | undefined {
  const payload = findInVisualEntry(entry, ['av01'], 'av1C');
  if (payload?.[0] !== 0x81) return undefined;
  for (let at = FIXED_BYTES; at < payload.length;) {
    const read = readObu(payload, at);
    if (read === undefined) return undefined;
    if (read.obu.type === OBU_SEQUENCE_HEADER) return av1ParametersOf(read.obu.payload);
    at = read.end;
  }
  return undefined;
}

function configurationOf(header: Av1SequenceHeader): readonly number[] {
  const { profile, level, tier, bitDepth, monochrome, subsampling, chromaSamplePosition } = header;
  const [across, down] = subsampling;
  const depth = (bitDepth > 8 ? 0x40 : 0) | (bitDepth === 12 ? 0x20 : 0);
  const chroma = (monochrome ? 0x10 : 0) | (across << 3) | (down << 2) | chromaSamplePosition;
  return [0x81, (profile << 5) | level, (tier << 7) | depth | chroma, 0];
}

/** AV1-ISOBMFF §5: av01.P.LLT.DD. */
function codecStringOf({ profile, level, tier, bitDepth }: Av1SequenceHeader): string {
  return `av01.${profile}.${twoDigits(level)}${tier === 1 ? 'H' : 'M'}.${twoDigits(bitDepth)}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
