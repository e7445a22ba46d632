/** RTP payloads of AV1 into access units: a temporal unit each, its OBUs with their sizes and without delimiters, as MP4 stores them. */
import { joined } from '../access-unit.ts';
import type { AccessUnit, Pieces } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import { isMuxable } from '../codec-parameters.ts';
import type { CodecParameters, MuxableParameters } from '../codec-parameters.ts';
import { FrameAssembler } from '../frame/frame-assembler.ts';
import type { FrameStart, MadeFrame } from '../frame/frame-assembler.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseAv1Elements } from './aggregation.ts';
import type { Av1Elements } from './aggregation.ts';
import { isFrame, isKeyFrame } from './key-frame.ts';
import {
  OBU_SEQUENCE_HEADER,
  OBU_TEMPORAL_DELIMITER,
  isLeftOut,
  obuType,
  readObu,
  sizedObu,
  splitHeader,
} from './obu.ts';
import type { ObuPieces } from './obu.ts';
import { av1ParametersOf } from './parameters.ts';

export class Av1Depacketizer implements Depacketizer {
  readonly #assembler: FrameAssembler;
  #parameters: MuxableParameters | undefined;
  /** The last OBU that came goes on in the next packet. */
  #unfinished = false;

  constructor(format: TrackFormat) {
    const { parameters } = format;
    this.#parameters = parameters !== undefined && isMuxable(parameters) ? parameters : undefined;
    this.#assembler = new FrameAssembler({ make: (obus) => this.#make(obus) });
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const payload = parseAv1Elements(packet.payload);
    if (payload === undefined) this.#assembler.drop('payload-junk');
    if (this.#assembler.begin(packet, startOf(payload, packet))) {
      if (payload === undefined) this.#assembler.spoil();
      else this.#take(payload);
    }
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

  #take({ continues, unfinished, elements }: Av1Elements): void {
    if (this.#assembler.empty) this.#unfinished = false;
    if (continues !== this.#unfinished) this.#assembler.spoil();
    for (const [i, element] of elements.entries()) {
      const begins = i > 0 || !continues;
      const ends = i < elements.length - 1 || !unfinished;
      // At once: whoever asks for the set-up need not wait for the end of the picture.
      if (begins && ends && obuType(element[0] ?? 0) === OBU_SEQUENCE_HEADER) this.#learn(obuOf([element])?.payload);
      this.#assembler.piece(element, begins);
    }
    this.#unfinished = unfinished;
  }

  #learn(sequence: Pieces | undefined): void {
    const parameters = sequence && av1ParametersOf(joined(sequence), this.#parameters);
    if (parameters === undefined) this.#assembler.drop('sequence-header-junk');
    else this.#parameters = parameters;
  }

  #make(parts: readonly Pieces[]): MadeFrame | string | undefined {
    if (this.#unfinished) return 'frame-cut';
    const data: Uint8Array[] = [];
    let key: boolean | undefined;
    for (const part of parts) {
      const obu = obuOf(part);
      if (obu === undefined) return 'obu-junk';
      const [head = 0] = obu.header;
      const type = obuType(head);
      if (isLeftOut(type)) continue;
      if (type === OBU_SEQUENCE_HEADER && part.length > 1) this.#learn(obu.payload);
      if (isFrame(type)) key ??= isKeyFrame(head, obu.payload[0]?.[0] ?? 0);
      data.push(...sizedObu(obu));
    }
    // Metadata alone shows nothing.
    if (key === undefined) return undefined;
    const parameters = this.#parameters;
    return parameters === undefined ? 'frame-without-set-up' : { data, key, parameters };
  }
}

/** After a loss a temporal unit is known to be whole only if it begins with what stands at the beginning of one. */
function startOf(payload: Av1Elements | undefined, packet: RtpPayload): FrameStart {
  if (payload === undefined || payload.continues) return 'no';
  if (packet.lostBefore === 0) return 'part';
  const type = obuType(payload.elements[0]?.[0] ?? 0);
  return type === OBU_SEQUENCE_HEADER || type === OBU_TEMPORAL_DELIMITER ? 'part' : 'no';
}

/** An element whose OBU states a size (which it need not) ends there; undefined: junk. */
function obuOf(part: Pieces): ObuPieces | undefined {
  const split = splitHeader(part);
  if (split !== undefined) return split;
  const obu = readObu(joined(part), 0)?.obu;
  return obu && { header: obu.header, payload: [obu.payload] };
}
