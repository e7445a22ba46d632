/**
 * RTP payloads that do not fit a datagram, cut at payload level: cameras send packets of 2 to 64 KB over TCP (g2r conn.go, mtx#211), which over UDP would be
 * IP fragments, lost whole if one is. What comes out unpacks to the same NAL units.
 */
import type { NalPacking } from './nal-packetizer.ts';

export interface NalPayloadSyntax extends NalPacking {
  /** What a payload is; 'other': nothing that can be cut. */
  payloadKind(payload: Uint8Array): 'unit' | 'aggregate' | 'fragment' | 'other';
}

const START = 0x80;
const END = 0x40;

/** `payload` alone if it fits `limit`, or cannot be cut; views where a whole unit fits, copies otherwise. Never throws. */
export function splitNalPayload(payload: Uint8Array, limit: number, syntax: NalPayloadSyntax): readonly Uint8Array[] {
  if (payload.length <= limit) return [payload];
  switch (syntax.payloadKind(payload)) {
    case 'unit':
      return fragments(payload, limit, syntax);
    case 'aggregate':
      return unitsOf(payload, syntax.aggregateHead([]).length).flatMap((nal) =>
        nal.length <= limit ? [nal] : fragments(nal, limit, syntax),
      );
    case 'fragment':
      return smallerFragments(payload, limit, syntax.fragmentHead(payload, false, false).length);
    case 'other':
      return [payload];
  }
}

function fragments(nal: Uint8Array, limit: number, syntax: NalPayloadSyntax): readonly Uint8Array[] {
  const { headerBytes } = syntax;
  const room = limit - syntax.fragmentHead(nal, true, false).length;
  const pieces: Uint8Array[] = [];
  for (let at = headerBytes; at < nal.length; at += room) {
    const head = syntax.fragmentHead(nal, at === headerBytes, at + room >= nal.length);
    pieces.push(behind(head, nal.subarray(at, at + room)));
  }
  return pieces;
}

/** Each says what the whole said; only the first may start the unit, and only the last end it. */
function smallerFragments(payload: Uint8Array, limit: number, headBytes: number): readonly Uint8Array[] {
  const room = limit - headBytes;
  const head = [...payload.subarray(0, headBytes)];
  const flags = head[headBytes - 1] ?? 0;
  const pieces: Uint8Array[] = [];
  for (let at = headBytes; at < payload.length; at += room) {
    const kept = (at === headBytes ? START : 0) | (at + room >= payload.length ? END : 0);
    head[headBytes - 1] = (flags & ~(START | END)) | (flags & kept);
    pieces.push(behind(head, payload.subarray(at, at + room)));
  }
  return pieces;
}

/** The units of an aggregation packet, each behind its length of 16 bits; what is cut short ends the list. */
function unitsOf(payload: Uint8Array, headBytes: number): readonly Uint8Array[] {
  const units: Uint8Array[] = [];
  let at = headBytes;
  while (at + 2 < payload.length) {
    const length = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    if (length > 0) units.push(payload.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return units;
}

function behind(head: readonly number[], body: Uint8Array): Uint8Array {
  const piece = new Uint8Array(head.length + body.length);
  piece.set(head);
  piece.set(body, head.length);
  return piece;
}
