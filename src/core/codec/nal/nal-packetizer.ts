/**
 * NAL units into RTP payloads: the parameter sets before a key frame in one aggregation packet, small units as they are, large ones in
 * fragments. What differs between H.264 and H.265 is how aggregates and fragments begin.
 */
import { wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { Packetizer } from '../codec.ts';

export interface NalPacking {
  /** Bytes of a NAL unit's header, which a fragment does not carry. */
  readonly headerBytes: 1 | 2;
  /** First bytes of an aggregation packet of these units. */
  aggregateHead(nals: readonly Uint8Array[]): readonly number[];
  /** First bytes of a fragment of this unit. */
  fragmentHead(nal: Uint8Array, start: boolean, end: boolean): readonly number[];
}

/** Below it nothing sensible can be sent; smaller limits are raised to it. */
const MIN_PAYLOAD_LIMIT = 64;

export class NalPacketizer implements Packetizer {
  readonly #packing: NalPacking;
  readonly #limit: number;

  constructor(packing: NalPacking, payloadLimit: number) {
    this.#packing = packing;
    this.#limit = Math.max(MIN_PAYLOAD_LIMIT, payloadLimit);
  }

  packetize(unit: AccessUnit): readonly { readonly payload: Uint8Array; readonly marker: boolean }[] {
    const payloads: Uint8Array[] = [];
    if (unit.key) this.#packSets(unit.parameters.parameterSets, payloads);
    for (const nal of wholeData(unit)) this.#packNal(nal, payloads);
    const last = payloads.length - 1;
    return payloads.map((payload, i) => ({ payload, marker: i === last }));
  }

  #packSets(sets: readonly Uint8Array[], payloads: Uint8Array[]): void {
    const head = this.#packing.aggregateHead(sets);
    const bytes = sets.reduce((sum, set) => sum + 2 + set.length, head.length);
    if (sets.length < 2 || bytes > this.#limit) {
      for (const set of sets) this.#packNal(set, payloads);
      return;
    }
    const payload = new Uint8Array(bytes);
    payload.set(head);
    let at = head.length;
    for (const set of sets) {
      payload[at] = set.length >> 8;
      payload[at + 1] = set.length;
      payload.set(set, at + 2);
      at += 2 + set.length;
    }
    payloads.push(payload);
  }

  #packNal(nal: Uint8Array, payloads: Uint8Array[]): void {
    const { headerBytes } = this.#packing;
    if (nal.length <= headerBytes) return;
    if (nal.length <= this.#limit) {
      payloads.push(nal);
      return;
    }
    const room = this.#limit - this.#packing.fragmentHead(nal, true, false).length;
    for (let at = headerBytes; at < nal.length; at += room) {
      const body = nal.subarray(at, at + room);
      const head = this.#packing.fragmentHead(nal, at === headerBytes, at + room >= nal.length);
      const payload = new Uint8Array(head.length + body.length);
      payload.set(head);
      payload.set(body, head.length);
      payloads.push(payload);
    }
  }
}
