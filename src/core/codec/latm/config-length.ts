/**
 * Where an AudioSpecificConfig ends: a StreamMuxConfig of version 0 does not say, and goes on at the next bit (ISO 14496-3 §1.6.2.1,
 * GASpecificConfig §4.4.1, program_config_element §4.4.1.1).
 */
import { BitReader } from '../../bytes/bit-reader.ts';
import { CORE_TYPES, PARAMETRIC_STEREO, SBR, readObjectType, readRate } from '../aac/audio-specific-config.ts';

const ERROR_RESILIENT_MIN = 17;
/** GASpecificConfig is not what this one has. */
const ENHANCED_LOW_DELAY = 39;

/** Where SBR is signalled behind a config, so that old decoders do not see it (§1.6.6). */
const SYNC_EXTENSION = 0x2b7;
const SYNC_EXTENSION_BITS = 11;

/** Whether it stands next. In version 0 it cannot: nobody would know that it is there. */
export function extensionFollows(bytes: Uint8Array, { position }: BitReader): boolean {
  const ahead = new BitReader(bytes);
  ahead.skip(position);
  return ahead.bits(SYNC_EXTENSION_BITS) === SYNC_EXTENSION && !ahead.overrun;
}

/** Moves past a config without the backward compatible extension; false if it is cut, or of a kind not known here. */
export function skipAudioConfig(reader: BitReader): boolean {
  const start = reader.position;
  const objectType = readObjectType(reader);
  readRate(reader);
  const channelConfiguration = reader.bits(4);
  let coreType = objectType;
  if (objectType === SBR || objectType === PARAMETRIC_STEREO) {
    readRate(reader);
    coreType = readObjectType(reader);
  }
  if (!CORE_TYPES.has(coreType) || coreType === ENHANCED_LOW_DELAY) return false;
  reader.skip(1); // frame length
  if (reader.flag()) reader.skip(14); // core coder delay
  const extended = reader.flag();
  if (channelConfiguration === 0) skipProgramConfig(reader, start);
  if (extended) reader.skip(coreType >= ERROR_RESILIENT_MIN ? 3 + 1 : 1);
  // Error protection (epConfig 2 and 3) has more to follow.
  if (coreType >= ERROR_RESILIENT_MIN && reader.bits(2) > 1) return false;
  return !reader.overrun;
}

function skipProgramConfig(reader: BitReader, start: number): void {
  reader.skip(4 + 2 + 4); // tag, profile, frequency
  const paired = reader.bits(4) + reader.bits(4) + reader.bits(4);
  const low = reader.bits(2);
  const data = reader.bits(3);
  const coupling = reader.bits(4);
  for (const bits of [4, 4, 3]) if (reader.flag()) reader.skip(bits); // mixdowns
  reader.skip(5 * (paired + coupling) + 4 * (low + data));
  reader.skip((8 - ((reader.position - start) & 7)) & 7);
  reader.skip(8 * reader.bits(8)); // comment
}
