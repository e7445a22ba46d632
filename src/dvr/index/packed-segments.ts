/**
 * The segments of one file in about 20 bytes each, as index.db stores them. Numbers are varints, s: signed; times microseconds.
 *
 *     version:u8 segments
 *     segment: flags number gap bytes start-s duration keys      number: off the one before; gap: bytes since its end; start: off its end
 *     key:     time-s gap length                                 off the key before (the first: off the segment's start); length × 2 + damaged
 */
import { WeirError } from '../../core/errors.ts';
import { VarintReader, VarintWriter } from '../../core/mp4/varint.ts';
import type { IndexedKey, IndexedSegment } from './indexed-segment.ts';

const VERSION = 1;
const DISCONTINUITY = 1;
const INDEPENDENT = 2;

export function packSegments(segments: readonly IndexedSegment[]): Uint8Array {
  const writer = new VarintWriter();
  writer.unsigned(VERSION);
  writer.unsigned(segments.length);
  let number = 0;
  let end = 0;
  let endUs = 0;
  for (const segment of segments) {
    const startUs = Math.round(segment.startUtcMs * 1000);
    const durationUs = Math.round(segment.durationMs * 1000);
    writer.unsigned((segment.discontinuity ? DISCONTINUITY : 0) | (segment.independent ? INDEPENDENT : 0));
    writer.unsigned(segment.number - number);
    writer.unsigned(segment.offset - end);
    writer.unsigned(segment.bytes);
    writer.signed(startUs - endUs);
    writer.unsigned(durationUs);
    packKeys(writer, segment, startUs);
    number = segment.number;
    end = segment.offset + segment.bytes;
    endUs = startUs + durationUs;
  }
  return writer.view().slice();
}

/** Throws `index-failed`. */
export function unpackSegments(packed: Uint8Array, initHash: string): readonly IndexedSegment[] {
  try {
    return unpack(new VarintReader(packed), initHash);
  } catch (error) {
    throw new WeirError('index-failed', 'a list of segments in the index cannot be read', { cause: error });
  }
}

function packKeys(writer: VarintWriter, segment: IndexedSegment, startUs: number): void {
  writer.unsigned(segment.keys.length);
  let timeUs = startUs;
  let end = segment.offset;
  for (const key of segment.keys) {
    const keyUs = Math.round(key.ptsUtcMs * 1000);
    writer.signed(keyUs - timeUs);
    writer.unsigned(key.offset - end);
    writer.unsigned(key.length * 2 + (key.damaged ? 1 : 0));
    timeUs = keyUs;
    end = key.offset + key.length;
  }
}

function unpack(reader: VarintReader, initHash: string): readonly IndexedSegment[] {
  const version = reader.unsigned();
  if (version !== VERSION) throw new WeirError('index-failed', `version ${version} of a list of segments`);
  const count = reader.unsigned();
  const segments: IndexedSegment[] = [];
  let number = 0;
  let end = 0;
  let endUs = 0;
  for (let i = 0; i < count; i++) {
    const flags = reader.unsigned();
    number += reader.unsigned();
    const offset = end + reader.unsigned();
    const bytes = reader.unsigned();
    const startUs = endUs + reader.signed();
    const durationUs = reader.unsigned();
    const keys = unpackKeys(reader, offset, startUs);
    segments.push({
      number,
      startUtcMs: startUs / 1000,
      durationMs: durationUs / 1000,
      bytes,
      initHash,
      discontinuity: (flags & DISCONTINUITY) !== 0,
      independent: (flags & INDEPENDENT) !== 0,
      offset,
      keys,
    });
    end = offset + bytes;
    endUs = startUs + durationUs;
  }
  return segments;
}

function unpackKeys(reader: VarintReader, segmentOffset: number, startUs: number): readonly IndexedKey[] {
  const count = reader.unsigned();
  const keys: IndexedKey[] = [];
  let timeUs = startUs;
  let end = segmentOffset;
  for (let i = 0; i < count; i++) {
    timeUs += reader.signed();
    const offset = end + reader.unsigned();
    const lengthAndDamaged = reader.unsigned();
    const length = Math.floor(lengthAndDamaged / 2);
    keys.push({ ptsUtcMs: timeUs / 1000, offset, length, damaged: lengthAndDamaged % 2 === 1 });
    end = offset + length;
  }
  return keys;
}
