/**
 * Makes access units of frames that come in pieces, for codecs whose frames are one run of bytes (AV1, VP8, VP9, MPEG-4, MJPEG). The
 * depacketizers take payloads apart and call:
 *
 *     begin(packet, start)   piece(bytes, beginsPart)*   end(packet)
 *
 * A frame ends at the marker, or where the timestamp changes. One that lost a packet is dropped and counted: unlike H.264 these have no
 * slices that decoders could do without. What follows it is flagged until the next key frame.
 */
import { byteLengthOf } from '../access-unit.ts';
import type { AccessUnit, Pieces } from '../access-unit.ts';
import { MAX_ACCESS_UNIT_BYTES } from '../codec.ts';
import type { RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';

/** Of one frame: 8 MB in packets of 500 bytes are 16,800. */
export const MAX_FRAME_PIECES = 32768;

/** What a codec makes of one whole frame. */
export interface MadeFrame {
  readonly data: Pieces;
  readonly key: boolean;
  readonly parameters: CodecParameters;
}

export interface FrameTimes {
  readonly ptsTicks: number;
  /** ≤ ptsTicks, strictly increasing. */
  readonly dtsTicks: number;
}

export interface FrameMaker {
  /** Of parts (OBUs, layers, or the frame as one). Undefined: there is no picture in it. A word: what is wrong with it, as it is counted. */
  make(parts: readonly Pieces[]): MadeFrame | string | undefined;
  /** Where frames do not come in the order in which they are shown. */
  timesOf?(frame: MadeFrame, ticks: number): FrameTimes;
}

/** What a payload holds the beginning of: a frame (what is in hand ends), a frame or something within one, or nothing of that kind. */
export type FrameStart = 'frame' | 'part' | 'no';

interface OpenFrame {
  readonly ticks: number;
  readonly parts: Uint8Array[][];
  pieces: number;
  bytes: number;
  state: 'whole' | 'cut' | 'overflown';
}

export class FrameAssembler {
  readonly #maker: FrameMaker;
  readonly #dropped: Record<string, number> = {};
  readonly #ready: AccessUnit[] = [];
  #frame: OpenFrame | undefined;
  /** What comes cannot be decoded rightly until a whole key frame has come. */
  #brokenUntilKey = true;
  #markersSeen = false;
  /** The rest of a frame whose beginning is lost is passed over, and counted once. */
  #skippedTicks: number | undefined;
  #lastDts = Number.NEGATIVE_INFINITY;

  constructor(maker: FrameMaker) {
    this.#maker = maker;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#dropped;
  }

  drop(cause: string): void {
    this.#dropped[cause] = (this.#dropped[cause] ?? 0) + 1;
  }

  /** What became complete since the last call. */
  take(): readonly AccessUnit[] {
    return this.#ready.length === 0 ? NONE : this.#ready.splice(0);
  }

  /** Returns whether the payload's bytes belong to a frame. */
  begin(packet: RtpPayload, start: FrameStart): boolean {
    if (packet.lostBefore > 0) {
      this.#brokenUntilKey = true;
      this.spoil();
    }
    if (this.#frame !== undefined && (this.#frame.ticks !== packet.ticks || start === 'frame')) this.close();
    if (this.#frame !== undefined) return this.#frame.state === 'whole';
    if (start !== 'no') {
      this.#frame = { ticks: packet.ticks, parts: [], pieces: 0, bytes: 0, state: 'whole' };
      return true;
    }
    if (this.#skippedTicks !== packet.ticks) this.#lose('frame-without-start');
    this.#skippedTicks = packet.ticks;
    return false;
  }

  /** Nothing of the frame in hand has come yet. */
  get empty(): boolean {
    return this.#frame?.pieces === 0;
  }

  /** Bytes of the frame in hand. */
  get bytes(): number {
    return this.#frame?.bytes ?? 0;
  }

  /** Kept by reference. */
  piece(bytes: Uint8Array, beginsPart = false): void {
    const frame = this.#frame;
    if (frame?.state !== 'whole' || bytes.length === 0) return;
    frame.bytes += bytes.length;
    frame.pieces += 1;
    if (beginsPart || frame.parts.length === 0) frame.parts.push([]);
    frame.parts.at(-1)?.push(bytes);
    if (frame.bytes <= MAX_ACCESS_UNIT_BYTES && frame.pieces <= MAX_FRAME_PIECES) return;
    frame.state = 'overflown';
    frame.parts.length = 0;
  }

  /** Something of the frame in hand is missing. */
  spoil(): void {
    if (this.#frame?.state === 'whole') this.#frame.state = 'cut';
  }

  end(packet: RtpPayload): void {
    if (!packet.marker) return;
    this.#markersSeen = true;
    this.close();
  }

  /** Nothing more comes: where the sender marks ends, a frame without one is cut off. */
  flush(): void {
    if (this.#markersSeen) this.spoil();
    this.close();
  }

  /** Ends the frame in hand. */
  close(): void {
    const frame = this.#frame;
    this.#frame = undefined;
    if (frame === undefined) return;
    if (frame.state !== 'whole') return this.#lose(frame.state === 'cut' ? 'frame-cut' : 'frame-too-large');
    const made = this.#maker.make(frame.parts);
    if (made === undefined) return;
    if (typeof made === 'string') return this.#lose(made);
    if (made.key) this.#brokenUntilKey = false;
    const times = this.#settle(this.#maker.timesOf?.(made, frame.ticks) ?? inOrder(frame.ticks));
    const { data, key, parameters } = made;
    const damaged = this.#brokenUntilKey;
    this.#ready.push({ ...times, key, damaged, data: [data], byteLength: byteLengthOf(data), parameters });
  }

  #lose(cause: string): void {
    this.#brokenUntilKey = true;
    this.drop(cause);
  }

  /** The two promises of an access unit hold whatever came. */
  #settle(times: FrameTimes): FrameTimes {
    const dtsTicks = Math.max(times.dtsTicks, this.#lastDts + 1);
    this.#lastDts = dtsTicks;
    if (dtsTicks <= times.ptsTicks) return { ptsTicks: times.ptsTicks, dtsTicks };
    this.drop('time-moved');
    return { ptsTicks: dtsTicks, dtsTicks };
  }
}

const NONE: readonly AccessUnit[] = [];

function inOrder(ticks: number): FrameTimes {
  return { ptsTicks: ticks, dtsTicks: ticks };
}
