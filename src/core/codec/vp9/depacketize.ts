/**
 * RTP payloads of VP9 into access units (RFC 9628): a picture each, with all its spatial layers in one superframe. Flexible mode or not
 * makes no difference here: the references are the bitstream's own.
 */
import type { AccessUnit, Pieces } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import { isMuxable } from '../codec-parameters.ts';
import type { CodecParameters, MuxableParameters } from '../codec-parameters.ts';
import { FrameAssembler } from '../frame/frame-assembler.ts';
import type { MadeFrame } from '../frame/frame-assembler.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseVp9FrameHeader } from './frame-header.ts';
import { parseVp9Descriptor } from './payload-descriptor.ts';
import type { Vp9Descriptor } from './payload-descriptor.ts';
import { vp9ParametersOf } from './parameters.ts';
import { superframeOf } from './superframe.ts';

export class Vp9Depacketizer implements Depacketizer {
  readonly #assembler: FrameAssembler;
  #parameters: MuxableParameters | undefined;

  constructor(format: TrackFormat) {
    const { parameters } = format;
    this.#parameters = parameters !== undefined && isMuxable(parameters) ? parameters : undefined;
    this.#assembler = new FrameAssembler({ make: (frames) => this.#make(frames) });
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const descriptor = parseVp9Descriptor(packet.payload);
    if (descriptor === undefined) this.#assembler.drop('payload-junk');
    const start = descriptor?.startsPicture === true ? 'frame' : 'no';
    if (this.#assembler.begin(packet, start) && descriptor !== undefined) this.#take(packet.payload, descriptor);
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

  #take(payload: Uint8Array, descriptor: Vp9Descriptor): void {
    const bytes = payload.subarray(descriptor.offset);
    if (descriptor.startsPicture) {
      const header = parseVp9FrameHeader(bytes);
      if (header?.key === true) this.#parameters = vp9ParametersOf(header, descriptor.size ?? header, this.#parameters);
    }
    this.#assembler.piece(bytes, descriptor.startsFrame);
  }

  #make(frames: readonly Pieces[]): MadeFrame | string {
    const header = parseVp9FrameHeader(frames[0]?.[0] ?? EMPTY);
    if (header === undefined) return 'frame-junk';
    const parameters = this.#parameters;
    if (parameters === undefined) return 'frame-without-set-up';
    return { data: superframeOf(frames), key: header.key, parameters };
  }
}

const EMPTY = new Uint8Array();
