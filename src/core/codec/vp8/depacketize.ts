/** RTP payloads of VP8 into access units (RFC 7741): a frame each. */
import type { AccessUnit, Pieces } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { FrameAssembler } from '../frame/frame-assembler.ts';
import type { MadeFrame } from '../frame/frame-assembler.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseVp8FrameHeader } from './frame-header.ts';
import { parseVp8Descriptor } from './payload-descriptor.ts';
import { vp8ParametersOf } from './parameters.ts';

export class Vp8Depacketizer implements Depacketizer {
  readonly #assembler: FrameAssembler;
  #parameters: CodecParameters | undefined;

  constructor(format: TrackFormat) {
    this.#parameters = format.parameters;
    this.#assembler = new FrameAssembler({ make: ([frame]) => this.#make(frame ?? []) });
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const descriptor = parseVp8Descriptor(packet.payload);
    const startsFrame = descriptor?.startsFrame ?? false;
    if (descriptor === undefined) this.#assembler.drop('payload-junk');
    if (this.#assembler.begin(packet, startsFrame ? 'frame' : 'no') && descriptor !== undefined) {
      const bytes = packet.payload.subarray(descriptor.offset);
      if (startsFrame) this.#learn(bytes);
      this.#assembler.piece(bytes);
    }
    if (descriptor === undefined) this.#assembler.spoil();
    this.#assembler.end(packet);
    return this.#assembler.take();
  }

  flush(): readonly AccessUnit[] {
    this.#assembler.flush();
    return this.#assembler.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#assembler.dropped;
  }

  #learn(beginning: Uint8Array): void {
    const header = parseVp8FrameHeader(beginning);
    if (header?.key === true) this.#parameters = vp8ParametersOf(header, this.#parameters);
  }

  #make(frame: Pieces): MadeFrame | string {
    const header = parseVp8FrameHeader(frame[0] ?? EMPTY);
    if (header === undefined) return 'frame-junk';
    const parameters = this.#parameters;
    return parameters === undefined ? 'frame-without-set-up' : { data: frame, key: header.key, parameters };
  }
}

const EMPTY = new Uint8Array();
