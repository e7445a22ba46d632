/** RTP payloads of MPEG-4 Visual into access units (RFC 6416 §5): a VOP each, with the group header before it. */
import { joined } from '../access-unit.ts';
import type { AccessUnit, Pieces } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { FrameAssembler } from '../frame/frame-assembler.ts';
import type { FrameTimes, MadeFrame } from '../frame/frame-assembler.ts';
import { DecodeTimes } from '../nal/decode-times.ts';
import type { TrackFormat } from '../track-format.ts';
import { mpeg4SetupOf } from './parameters.ts';
import type { Mpeg4Setup } from './parameters.ts';
import { parseMpeg4Picture } from './picture.ts';
import { Mpeg4PictureOrder } from './picture-order.ts';
import { beginsUnit } from './start-codes.ts';

export class Mpeg4Depacketizer implements Depacketizer {
  readonly #assembler: FrameAssembler;
  readonly #order = new Mpeg4PictureOrder();
  readonly #times: DecodeTimes;
  #setup: Mpeg4Setup | undefined;
  /** The VOP of the frame in hand, from its start code on. */
  #vop: Uint8Array = EMPTY;

  constructor(format: TrackFormat) {
    const [config] = format.parameters?.parameterSets ?? [];
    if (config !== undefined) this.#adopt(config);
    this.#times = new DecodeTimes(format.clockRate, this.#order);
    this.#assembler = new FrameAssembler({
      make: ([frame]) => this.#make(frame ?? []),
      timesOf: ({ key }, ticks) => this.#timesOf(key, ticks),
    });
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const begins = beginsUnit(packet.payload);
    if (this.#assembler.begin(packet, begins ? 'part' : 'no')) {
      // At once: whoever asks for the set-up need not wait for the end of the picture.
      if (begins) this.#adopt(parseMpeg4Picture(packet.payload)?.config ?? packet.payload);
      this.#assembler.piece(packet.payload);
    }
    this.#assembler.end(packet);
    return this.#assembler.take();
  }

  flush(): readonly AccessUnit[] {
    this.#assembler.flush();
    return this.#assembler.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#setup?.parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#assembler.dropped;
  }

  #adopt(config: Uint8Array): void {
    if (config.length === 0) return;
    this.#setup = mpeg4SetupOf(config, this.#setup) ?? this.#setup;
    this.#order.layer = this.#setup?.layer;
  }

  #make(pieces: Pieces): MadeFrame | string | undefined {
    const [first = EMPTY] = pieces;
    const inFirst = parseMpeg4Picture(first);
    const frame = inFirst === undefined ? [joined(pieces)] : pieces;
    const [head = EMPTY, ...rest] = frame;
    const picture = inFirst ?? parseMpeg4Picture(head);
    if (inFirst === undefined) this.#adopt(picture?.config ?? head);
    // Headers alone, which some send in a packet of their own time.
    if (picture === undefined) return undefined;
    const parameters = this.#setup?.parameters;
    if (parameters === undefined) return 'frame-without-set-up';
    this.#vop = head.subarray(picture.vop);
    return { data: [head.subarray(picture.start), ...rest], key: picture.key, parameters };
  }

  #timesOf(key: boolean, ptsTicks: number): FrameTimes {
    const setup = this.#setup;
    if (setup === undefined) return { ptsTicks, dtsTicks: ptsTicks };
    return this.#times.next({ ptsTicks, key, firstSlice: this.#vop, setup });
  }
}

const EMPTY = new Uint8Array();
