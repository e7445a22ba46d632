/**
 * Temporal units of AV1 into RTP payloads (RTP payload format for AV1 §4): OBUs without their sizes, as many in a payload as fit, and
 * large ones in fragments. Every element has a size before it (W = 0), so that a payload can be filled without looking ahead.
 */
import { joined, wholeData } from '../access-unit.ts';
import type { AccessUnit } from '../access-unit.ts';
import type { Packetizer } from '../codec.ts';
import { MIN_PAYLOAD_LIMIT } from '../frame/fragment-frame.ts';
import type { PackedPayload } from '../frame/fragment-frame.ts';
import { OBU_SEQUENCE_HEADER, isLeftOut, leb128, splitObus, unsizedObu } from './obu.ts';
import type { Obu } from './obu.ts';

const CONTINUES = 0x80;
const UNFINISHED = 0x40;
const BEGINS_SEQUENCE = 0x08;
/** A fragment of fewer bytes is not worth its head. */
const LEAST_FRAGMENT = 8;

export class Av1Packetizer implements Packetizer {
  readonly #limit: number;

  constructor(payloadLimit: number) {
    this.#limit = Math.max(MIN_PAYLOAD_LIMIT, payloadLimit);
  }

  packetize(unit: AccessUnit): readonly PackedPayload[] {
    const payloads: OpenPayload[] = [];
    for (const obu of obusOf(unit)) this.#pack(unsizedObu(obu), payloads);
    if (unit.key && payloads[0] !== undefined) payloads[0].head |= BEGINS_SEQUENCE;
    return payloads.map(({ head, parts }, i) => ({
      payload: joined([Uint8Array.of(head), ...parts]),
      marker: i === payloads.length - 1,
    }));
  }

  #pack(obu: Uint8Array, payloads: OpenPayload[]): void {
    for (let at = 0; at < obu.length;) {
      let open = payloads.at(-1);
      if (open === undefined || this.#limit - open.bytes < LEAST_FRAGMENT) {
        open = { head: at > 0 ? CONTINUES : 0, parts: [], bytes: 1 };
        payloads.push(open);
      }
      const room = this.#limit - open.bytes;
      const whole = leb128(obu.length - at);
      const fits = whole.length + obu.length - at <= room;
      const part = fits ? obu.subarray(at) : obu.subarray(at, at + room - leb128(room).length);
      const size = leb128(part.length);
      if (!fits) open.head |= UNFINISHED;
      open.parts.push(Uint8Array.from(size), part);
      // A fragment fills its payload, whatever its size took.
      open.bytes = fits ? open.bytes + size.length + part.length : this.#limit;
      at += part.length;
    }
  }
}

interface OpenPayload {
  head: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** A key frame brings its sequence header, whether the sample did or not. */
function obusOf({ data, key, parameters }: AccessUnit): readonly Obu[] {
  const obus = wholeData({ data })
    .flatMap((unit) => splitObus(unit) ?? [])
    .filter(({ type }) => !isLeftOut(type));
  if (!key || obus.some(({ type }) => type === OBU_SEQUENCE_HEADER)) return obus;
  return [...parameters.parameterSets.flatMap((set) => splitObus(set) ?? []), ...obus];
}
