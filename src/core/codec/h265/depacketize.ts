/**
 * RTP payloads of H.265 into access units (RFC 7798 §4.4).
 *
 *     single    nal
 *     AP        |F 48 layer tid| (size:u16 nal)…
 *     FU        |F 49 layer tid| |S E type:6| fragment      the NAL unit's header is F type layer tid
 */
import type { AccessUnit } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { AccessUnitAssembler } from '../nal/access-unit-assembler.ts';
import type { TrackFormat } from '../track-format.ts';
import { H265_SYNTAX, RTP_AP, RTP_FU, RTP_PACI, nalTypeAt } from './nal-types.ts';
import { H265ParameterSets } from './parameter-sets.ts';
import { H265PictureOrder } from './picture-order.ts';

export class H265Depacketizer implements Depacketizer {
  readonly #assembler: AccessUnitAssembler;
  /** Decoding order numbers are in the payloads (sprop-max-don-diff > 0): NAL units may be out of order, which we do not undo. */
  readonly #reorders: boolean;

  constructor(format: TrackFormat) {
    const sets = new H265ParameterSets();
    for (const nal of format.parameters?.parameterSets ?? []) sets.take(nal);
    const order = new H265PictureOrder(sets);
    this.#assembler = new AccessUnitAssembler({ syntax: H265_SYNTAX, sets, order, clockRate: format.clockRate });
    this.#reorders = Number(format.fmtp.get('sprop-max-don-diff')?.trim() ?? 0) > 0;
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    this.#assembler.begin(packet);
    if (this.#reorders) this.#assembler.drop('decoding-order-numbers');
    else this.#unpack(packet.payload);
    this.#assembler.end(packet);
    return this.#assembler.take();
  }

  flush(): readonly AccessUnit[] {
    this.#assembler.flush();
    return this.#assembler.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#assembler.parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#assembler.dropped;
  }

  #unpack(payload: Uint8Array): void {
    if (payload.length < 2) return this.#assembler.drop('payload-empty');
    switch (nalTypeAt(payload, 0)) {
      case RTP_AP:
        return this.#assembler.aggregate(payload.subarray(2));
      case RTP_FU:
        return this.#unpackFragment(payload);
      case RTP_PACI:
        return this.#assembler.drop('payload-content-information');
      default:
        return this.#assembler.nal(payload);
    }
  }

  #unpackFragment(payload: Uint8Array): void {
    const header = payload[2];
    if (header === undefined) return this.#assembler.drop('fragment-empty');
    if ((header & 0x80) !== 0) {
      this.#assembler.fragmentStart(Uint8Array.of(((payload[0] ?? 0) & 0x81) | ((header & 63) << 1), payload[1] ?? 0));
    }
    this.#assembler.fragment(payload.subarray(3));
    if ((header & 0x40) !== 0) this.#assembler.fragmentEnd();
  }
}
