/**
 * RTP payloads of AC-3 into sync frames (RFC 4184 §4.1): several whole frames a packet, or one frame over several packets.
 *
 *     zeros:6 type:2 (0 whole frames, 1 and 2 first piece, 3 another) count:u8 (of frames, or of pieces) | frames or a piece
 */
import type { AccessUnit } from '../access-unit.ts';
import { AudioUnits, ticksOfSamples } from '../audio/audio-units.ts';
import { FrameInPieces } from '../audio/frame-in-pieces.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import type { TrackFormat } from '../track-format.ts';
import { ac3ParametersOf } from './ac3-parameters.ts';
import { AC3_SAMPLES_PER_FRAME, ac3RateOf, parseAc3Frame } from './sync-frame.ts';
import type { Ac3Frame } from './sync-frame.ts';

export const AC3_HEAD_BYTES = 2;
export const WHOLE_FRAMES = 0;
export const FIRST_PIECE = 1;
export const SHORT_FIRST_PIECE = 2;
export const ANOTHER_PIECE = 3;

export class Ac3Depacketizer implements Depacketizer {
  readonly #clockRate: number;
  readonly #units = new AudioUnits();
  #parameters: CodecParameters | undefined;
  #learnt: Ac3Frame | undefined;
  readonly #open = new FrameInPieces(this.#units);

  constructor(format: TrackFormat) {
    this.#clockRate = format.clockRate;
    this.#parameters = format.parameters;
  }

  push({ payload, ticks, lostBefore }: RtpPayload): readonly AccessUnit[] {
    this.#open.meet(ticks, lostBefore);
    const type = (payload[0] ?? 0) & 3;
    const content = payload.subarray(AC3_HEAD_BYTES);
    if (content.length === 0) this.#units.count('unit-empty');
    else if (type === ANOTHER_PIECE) this.#open.add(content, this.#parameters);
    else this.#takeFrames(content, ticks, type !== WHOLE_FRAMES);
    return this.#units.take();
  }

  flush(): readonly AccessUnit[] {
    this.#open.drop();
    return this.#units.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#units.dropped;
  }

  #takeFrames(content: Uint8Array, ticks: number, first: boolean): void {
    this.#open.drop();
    let later = 0;
    for (let at = 0; at < content.length;) {
      const frame = parseAc3Frame(content, at);
      if (frame === undefined) return this.#units.count('unit-junk');
      this.#learn(frame);
      const piece = content.subarray(at, at + frame.frameBytes);
      if (piece.length < frame.frameBytes) {
        if (!first || at > 0) return this.#units.count('unit-cut');
        return this.#open.begin(ticks, frame.frameBytes, piece);
      }
      this.#units.emit(ticks + Math.round(later), [piece], this.#parameters);
      later += ticksOfSamples(AC3_SAMPLES_PER_FRAME, this.#clockRate, ac3RateOf(frame) ?? this.#clockRate);
      at += frame.frameBytes;
    }
  }

  /** Nearly every frame has the head of the one before it. */
  #learn(frame: Ac3Frame): void {
    const last = this.#learnt;
    const same =
      last !== undefined &&
      last.fscod === frame.fscod &&
      last.bsid === frame.bsid &&
      last.bsmod === frame.bsmod &&
      last.acmod === frame.acmod &&
      last.lfeon === frame.lfeon &&
      last.bitRateCode === frame.bitRateCode;
    if (same) return;
    this.#learnt = frame;
    const parameters = ac3ParametersOf(frame);
    if (parameters?.identity !== this.#parameters?.identity) this.#parameters = parameters;
  }
}
