/**
 * Splits the bytes of one RTSP connection into interleaved frames and messages. The caller owns the socket; this owns only the
 * boundaries.
 *
 *     '$' channel:u8 length:u16 payload    interleaved RTP or RTCP   RFC 2326 §10.12
 *     head CRLF CRLF body                  request or response       RFC 2326 §4
 *
 * Between units devices send line ends and rubbish (gsl#651, mtx#19): it is skipped up to the next start that is credible, and
 * counted. Inside it a frame is credible only on a known channel, with a length and a first byte that RTP or RTCP can have; directly
 * after a unit an unknown channel does, with the same length and first byte (it was never set up, and somebody else ignores it).
 */
import { ByteQueue } from '../../bytes/byte-queue.ts';
import { WeirError } from '../../errors.ts';
import type { RtspMessage } from './message.ts';
import { contentLength, parseHead } from './parse-head.ts';
import { messageStart } from './message-start.ts';

export type RtspUnit =
  | { readonly kind: 'frame'; readonly channel: number; readonly payload: Uint8Array }
  | { readonly kind: 'message'; readonly message: RtspMessage }
  /** So many bytes between units were skipped. */
  | { readonly kind: 'garbage'; readonly bytes: number }
  /** The connection cannot be read on: the last unit that comes. `rtsp-malformed`, `head-too-long`, `body-too-long`. */
  | { readonly kind: 'error'; readonly error: WeirError };

export const MAX_HEAD_BYTES = 16 * 1024;
export const MAX_BODY_BYTES = 256 * 1024;
/** Rubbish in one run, above which the connection is given up. */
export const MAX_GARBAGE_BYTES = 64 * 1024;

const DOLLAR = 0x24;
const LF = 0x0a;
const CR = 0x0d;
const TAB = 0x09;
const FRAME_HEAD_BYTES = 4;
/** The shortest RTCP packet (RFC 3550 §6.4.2: an empty receiver report). */
const MIN_FRAME_BYTES = 8;

/** What stands at an offset. `more`: it cannot be told yet, or is not whole; so many bytes make it worth looking again. */
type Step =
  | { readonly kind: 'unit'; readonly unit: RtspUnit; readonly length: number }
  | { readonly kind: 'more'; readonly bytes: number }
  | { readonly kind: 'blank' }
  | { readonly kind: 'garbage' };

export class RtspFramer {
  readonly #text = new TextDecoder();
  readonly #straddling = new ByteQueue();
  /** The straddling unit needs at least so many bytes in all. */
  #needed = 0;
  /** Where the search for the head's end goes on in what straddles. */
  #scanned = 0;
  #knownChannels: ReadonlySet<number> | undefined;
  /** What straddles is a frame. */
  #inFrame = false;
  #garbage = 0;
  #lost = false;
  #failed = false;

  /** Frames of other channels are looked at twice, and after rubbish not believed. Until it is called all are known. */
  knowChannels(channels: ReadonlySet<number>): void {
    this.#knownChannels = channels;
  }

  /** Whether a message has begun and is not whole. */
  get awaitsMessage(): boolean {
    return this.#straddling.length > 0 && !this.#inFrame && !this.#failed;
  }

  /**
   * Returns the units that `chunk` completes, as views of what was pushed (or of a copy, where a unit straddles chunks):
   * copy what you keep.
   */
  push(chunk: Uint8Array): RtspUnit[] {
    const units: RtspUnit[] = [];
    if (this.#failed) return units;
    const rest = this.#finishStraddling(chunk, units);
    if (rest !== undefined) this.#split(rest, units);
    return units;
  }

  /** Completes the unit that began in an earlier chunk; returns what follows it, undefined if it is still not whole. */
  #finishStraddling(chunk: Uint8Array, units: RtspUnit[]): Uint8Array | undefined {
    let rest = chunk;
    while (this.#straddling.length > 0 && !this.#failed) {
      const missing = Math.max(this.#needed - this.#straddling.length, 0);
      this.#straddling.append(rest.subarray(0, missing));
      if (rest.length < missing) return undefined;
      rest = rest.subarray(missing);
      const whole = this.#straddling.peek();
      const step = this.#step(whole, 0);
      if (step.kind === 'more') {
        this.#needed = step.bytes;
        continue;
      }
      // A frame is whole to the byte; of anything else the rest may belong to the next unit and is looked at again.
      this.#scanned = 0;
      const taken = this.#straddling.take();
      if (step.kind === 'unit' && step.length === taken.length) {
        this.#accept(step.unit, units);
        break;
      }
      this.#split(taken, units);
    }
    return this.#failed ? undefined : rest;
  }

  #split(bytes: Uint8Array, units: RtspUnit[]): void {
    let at = 0;
    while (at < bytes.length && !this.#failed) {
      const step = this.#step(bytes, at);
      switch (step.kind) {
        case 'unit':
          this.#scanned = 0;
          this.#accept(step.unit, units);
          at += step.length;
          break;
        case 'more':
          this.#straddling.append(bytes.subarray(at));
          this.#inFrame = bytes[at] === DOLLAR;
          this.#needed = step.bytes;
          return;
        case 'blank':
          at += 1;
          break;
        case 'garbage':
          this.#lost = true;
          this.#garbage += 1;
          at += 1;
          if (this.#garbage > MAX_GARBAGE_BYTES) this.#accept(tooMuchGarbage(), units);
          break;
        default:
          step satisfies never;
      }
    }
  }

  #accept(unit: RtspUnit, units: RtspUnit[]): void {
    if (this.#garbage > 0) units.push({ kind: 'garbage', bytes: this.#garbage });
    this.#garbage = 0;
    this.#lost = false;
    this.#failed = unit.kind === 'error';
    units.push(unit);
  }

  #step(bytes: Uint8Array, at: number): Step {
    const first = bytes[at];
    if (first === DOLLAR) return this.#frame(bytes, at);
    if ((first === CR || first === LF) && !this.#lost) return { kind: 'blank' };
    switch (messageStart(bytes, at, this.#lost)) {
      case 'no':
        return { kind: 'garbage' };
      case 'more':
        return { kind: 'more', bytes: bytes.length - at + 1 };
      case 'yes':
        return this.#message(bytes, at);
    }
  }

  #frame(bytes: Uint8Array, at: number): Step {
    const have = bytes.length - at;
    if (have < FRAME_HEAD_BYTES) return { kind: 'more', bytes: FRAME_HEAD_BYTES };
    const channel = bytes[at + 1] ?? 0;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    const unknown = this.#knownChannels?.has(channel) === false;
    if (this.#lost || unknown) {
      if (length < MIN_FRAME_BYTES || (this.#lost && unknown)) return { kind: 'garbage' };
      if (have === FRAME_HEAD_BYTES) return { kind: 'more', bytes: FRAME_HEAD_BYTES + 1 };
      if ((bytes[at + FRAME_HEAD_BYTES] ?? 0) >> 6 !== 2) return { kind: 'garbage' };
    }
    const end = FRAME_HEAD_BYTES + length;
    if (have < end) return { kind: 'more', bytes: end };
    const payload = bytes.subarray(at + FRAME_HEAD_BYTES, at + end);
    return { kind: 'unit', unit: { kind: 'frame', channel, payload }, length: end };
  }

  #message(bytes: Uint8Array, at: number): Step {
    const have = bytes.length - at;
    const end = this.#headEnd(bytes, at);
    if (end === 'binary') return { kind: 'garbage' };
    if (end === undefined && have <= MAX_HEAD_BYTES) return { kind: 'more', bytes: have + 1 };
    if (end === undefined || end.body > MAX_HEAD_BYTES) return failure(tooLong('head', MAX_HEAD_BYTES), have);
    const head = parseHead(this.#text.decode(bytes.subarray(at, at + end.head)));
    if (head instanceof WeirError) return this.#lost ? { kind: 'garbage' } : failure(head, have);
    const bodyBytes = contentLength(head.headers);
    if (bodyBytes > MAX_BODY_BYTES) return failure(tooLong('body', MAX_BODY_BYTES), have);
    const length = end.body + bodyBytes;
    if (have < length) return { kind: 'more', bytes: length };
    const body = bytes.subarray(at + end.body, at + length);
    return { kind: 'unit', unit: { kind: 'message', message: { ...head, body } }, length };
  }

  /**
   * Where the head that starts at `at` ends and its body begins, relative to `at`; `binary` if a byte stands in it that no
   * head has. The search goes on where it stopped when the unit straddles.
   */
  #headEnd(bytes: Uint8Array, at: number): { readonly head: number; readonly body: number } | 'binary' | undefined {
    const limit = Math.min(bytes.length - at, MAX_HEAD_BYTES + 1);
    for (let i = this.#scanned; i < limit; i++) {
      const byte = bytes[at + i] ?? 0;
      if (byte < 0x20 && byte !== LF && byte !== CR && byte !== TAB) return 'binary';
      if (byte !== LF || i === 0) continue;
      const before = bytes[at + i - 1] === CR ? i - 2 : i - 1;
      if (bytes[at + before] === LF) return { head: bytes[at + before - 1] === CR ? before - 1 : before, body: i + 1 };
    }
    this.#scanned = Math.max(limit, 0);
    return undefined;
  }
}

function failure(error: WeirError, length: number): Step {
  return { kind: 'unit', unit: { kind: 'error', error }, length };
}

function tooLong(part: 'head' | 'body', limit: number): WeirError {
  return new WeirError(`${part}-too-long`, `The ${part} of an RTSP message is too long`, {
    expected: `at most ${limit} bytes`,
  });
}

function tooMuchGarbage(): RtspUnit {
  const expected = `RTSP or interleaved frames within ${MAX_GARBAGE_BYTES} bytes`;
  return {
    kind: 'error',
    error: new WeirError('rtsp-malformed', 'What comes between RTSP units is no RTSP', { expected }),
  };
}
