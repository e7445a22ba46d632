/**
 * RTP payloads of H.264 into access units (RFC 6184 §5.6 to §5.8). Fragments are accepted whatever packetization-mode says.
 *
 *     single    nal
 *     STAP-A    |F NRI 24| (size:u16 nal)…
 *     FU-A      |F NRI 28| |S E R type:5| fragment      the NAL unit's header is F NRI type
 */
import type { AccessUnit } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { AccessUnitAssembler } from '../nal/access-unit-assembler.ts';
import type { TrackFormat } from '../track-format.ts';
import { H264_SYNTAX, RTP_FU_A, RTP_FU_B, RTP_MTAP16, RTP_MTAP24, RTP_STAP_A, RTP_STAP_B } from './nal-types.ts';
import { H264ParameterSets } from './parameter-sets.ts';
import { H264PictureOrder } from './picture-order.ts';

export class H264Depacketizer implements Depacketizer {
  readonly #assembler: AccessUnitAssembler;

  constructor(format: TrackFormat) {
    const sets = new H264ParameterSets();
    for (const nal of format.parameters?.parameterSets ?? []) sets.take(nal);
    const order = new H264PictureOrder(sets);
    this.#assembler = new AccessUnitAssembler({ syntax: H264_SYNTAX, sets, order, clockRate: format.clockRate });
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    this.#assembler.begin(packet);
    this.#unpack(packet.payload);
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
    if (payload.length === 0) return this.#assembler.drop('payload-empty');
    const type = (payload[0] ?? 0) & 31;
    switch (type) {
      case RTP_STAP_A:
        return this.#assembler.aggregate(payload.subarray(1));
      case RTP_FU_A:
        return this.#unpackFragment(payload);
      // Interleaved mode (packetization-mode=2), which we never ask for and no camera was seen to send.
      case RTP_STAP_B:
      case RTP_MTAP16:
      case RTP_MTAP24:
      case RTP_FU_B:
        return this.#assembler.drop('interleaved-mode');
      default:
        return this.#assembler.nal(payload);
    }
  }

  #unpackFragment(payload: Uint8Array): void {
    const header = payload[1];
    if (header === undefined) return this.#assembler.drop('fragment-empty');
    if ((header & 0x80) !== 0) this.#assembler.fragmentStart(Uint8Array.of(((payload[0] ?? 0) & 0xe0) | (header & 31)));
    this.#assembler.fragment(payload.subarray(2));
    if ((header & 0x40) !== 0) this.#assembler.fragmentEnd();
  }
}
