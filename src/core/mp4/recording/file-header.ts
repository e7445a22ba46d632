/**
 * The head of a recorded file: the init as HLS lists it, then what only this file has, in a `uuid` box after moov.
 *
 *     ftyp moov   uuid: usertype:16 version:u8 baseUtcMs:u64 streamLength:u16 stream:utf8 hashLength:u8 initHash:ascii
 *
 * Filling in the durations at the close changes no length: write `withDurations(header, …)` over the head (write/durations.ts).
 */
import { invalid, parseBoxHead } from '../read/boxes.ts';
import { Fields } from '../read/fields.ts';
import type { ParsedInit } from '../read/init.ts';
import { parseInit } from '../read/init.ts';
import { userType, WEIR_BOX_HEAD, weirBoxAt } from './weir-boxes.ts';
import { box, u16, u64 } from '../write/box.ts';
import { withoutDurations } from '../write/durations.ts';

export interface FileInfo {
  readonly stream: string;
  /** What decode times in the file count from: UTC milliseconds, the file's name. */
  readonly baseUtcMs: number;
  /** Names the init for life: `init-{hash}.mp4`. */
  readonly initHash: string;
}

export interface FileHeader extends FileInfo {
  /** `ftyp moov` as first written, durations 0: a copy. */
  readonly init: Uint8Array;
  readonly parsed: ParsedInit;
  /** Bytes of the head: the first segment begins there. */
  readonly length: number;
}

/** Far more than any head has: what recovery reads of a file to find it. */
export const MAX_FILE_HEADER_BYTES = 64 * 1024;

export function writeFileHeader(init: Uint8Array, info: FileInfo): Uint8Array {
  const text = new TextEncoder();
  const stream = text.encode(info.stream);
  const hash = text.encode(info.initHash);
  const fields = [u64(info.baseUtcMs), u16(stream.length), stream, [hash.length], hash];
  const uuid = box('uuid', userType('file'), [VERSION], ...fields);
  const bytes = new Uint8Array(init.length + uuid.length);
  bytes.set(init);
  bytes.set(uuid, init.length);
  return bytes;
}

/** Reads the head of a recorded file, open or closed, from its first bytes. Throws `mp4-invalid`: cut off, or not one of ours. */
export function parseFileHeader(bytes: Uint8Array): FileHeader {
  const parsed = parseInit(bytes);
  const at = parsed.length;
  const head = parseBoxHead(bytes, at);
  if (head === undefined || weirBoxAt(bytes, at) !== 'file') throw invalid('uuid', at, 'no weir file box behind moov');
  const end = at + head.size;
  if (end > bytes.length) throw invalid('uuid', at, 'a box that is cut off');
  const fields = new Fields({ bytes, type: 'uuid', path: 'uuid', start: at, content: at + WEIR_BOX_HEAD - 1, end });
  const version = fields.u8();
  if (version !== VERSION) throw invalid('uuid', at, `version ${version} of the file box`);
  const baseUtcMs = fields.u64();
  const text = new TextDecoder();
  const stream = text.decode(fields.raw(fields.u16()));
  const initHash = text.decode(fields.raw(fields.u8()));
  return { stream, baseUtcMs, initHash, init: withoutDurations(bytes.subarray(0, at)), parsed, length: end };
}

const VERSION = 1;
