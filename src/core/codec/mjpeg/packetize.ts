/**
 * JPEGs into RTP payloads (RFC 2435), with their own quantisation tables in each frame (Q = 255). One that the payload format cannot
 * say (progressive, gray, own Huffman tables: §3.1.9) has no payloads.
 */
import { u16 } from '../../mp4/write/box.ts';
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { Packetizer } from '../codec.ts';
import { MIN_PAYLOAD_LIMIT, fragmentFrame } from '../frame/fragment-frame.ts';
import type { PackedPayload } from '../frame/fragment-frame.ts';
import { parseJpeg } from './jfif.ts';
import type { JpegFrame } from './jfif.ts';

const OWN_TABLES = 255;
const RESTARTS = 64;
/** F, L, and a count of all ones: fragments begin and end anywhere (§3.1.7). */
const ANYWHERE = [0xff, 0xff];
const HEADER_BYTES = 12;

export class MjpegPacketizer implements Packetizer {
  readonly #limit: number;

  constructor(payloadLimit: number) {
    // The first payload has the tables, which cannot be cut.
    this.#limit = Math.max(MIN_PAYLOAD_LIMIT, payloadLimit);
  }

  packetize(unit: AccessUnit): readonly PackedPayload[] {
    return wholeData(unit).flatMap((bytes) => {
      const jpeg = parseJpeg(bytes);
      if (jpeg === undefined) return [];
      const tables = tablesHeader(jpeg);
      const room = HEADER_BYTES + tables.length < this.#limit;
      if (!room) return [];
      return fragmentFrame([jpeg.scan], this.#limit, ({ at }) =>
        Uint8Array.from([...header(jpeg, at), ...(at === 0 ? tables : [])]),
      );
    });
  }
}

function header({ type, width, height, restartInterval }: JpegFrame, at: number): readonly number[] {
  const restarts = restartInterval === 0 ? [] : [...u16(restartInterval), ...ANYWHERE];
  return [
    0,
    (at >> 16) & 255,
    (at >> 8) & 255,
    at & 255,
    restartInterval === 0 ? type : type + RESTARTS,
    OWN_TABLES,
    eighths(width),
    eighths(height),
    ...restarts,
  ];
}

function tablesHeader({ tables: { precision, bytes } }: JpegFrame): readonly number[] {
  return [0, precision, ...u16(bytes.length), ...bytes];
}

/** Rounded up; 0 for what eight bits do not hold, where SDP says it. */
function eighths(pixels: number): number {
  const value = Math.ceil(pixels / 8);
  return value > 255 ? 0 : value;
}
