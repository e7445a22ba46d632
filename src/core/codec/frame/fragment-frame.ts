/** A frame in RTP payloads of at most `limit` bytes: its bytes behind the head that `headOf` gives for each. */
import type { Pieces } from '../access-unit.ts';
import { joined } from '../access-unit.ts';

export interface PackedPayload {
  readonly payload: Uint8Array;
  readonly marker: boolean;
}

/** Below it nothing sensible can be sent; smaller limits are raised to it. */
export const MIN_PAYLOAD_LIMIT = 64;

/** The marker stands on the last. Heads may differ in length; an empty frame has no payloads. */
export function fragmentFrame(
  frame: Pieces,
  limit: number,
  headOf: (fragment: { readonly at: number; readonly first: boolean; readonly last: boolean }) => Uint8Array,
): readonly PackedPayload[] {
  const bytes = joined(frame);
  const most = Math.max(MIN_PAYLOAD_LIMIT, limit);
  const packets: PackedPayload[] = [];
  for (let at = 0; at < bytes.length;) {
    const room = most - headOf({ at, first: at === 0, last: false }).length;
    const end = Math.min(bytes.length, at + room);
    const head = headOf({ at, first: at === 0, last: end === bytes.length });
    const payload = new Uint8Array(head.length + end - at);
    payload.set(head);
    payload.set(bytes.subarray(at, end), head.length);
    packets.push({ payload, marker: end === bytes.length });
    at = end;
  }
  return packets;
}
