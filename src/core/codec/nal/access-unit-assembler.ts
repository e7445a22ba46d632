/**
 * Makes access units of NAL units and their fragments, for H.264 and H.265 alike. The depacketizers unpack payloads and call:
 *
 *     begin(packet)   nal(bytes)* | fragmentStart(header) fragment(bytes)* fragmentEnd()   end(packet)
 *
 * A unit ends where the timestamp changes, or at the marker after a slice; a device that marks every NAL unit (Tapo TC70: mf#352) is
 * found out and its marker no longer believed; one that never marks (FLIR M400: mtx#3945) costs a frame of delay.
 */
import { byteLengthOf, joined } from '../access-unit.ts';
import type { AccessUnit, Pieces } from '../access-unit.ts';
import { MAX_ACCESS_UNIT_BYTES } from '../codec.ts';
import type { RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { findStartCode, splitAnnexB } from './annex-b.ts';
import { DecodeTimes } from './decode-times.ts';
import { SLICE_HEAD_BYTES } from './limits.ts';
import { openUnit } from './open-unit.ts';
import type { OpenUnit } from './open-unit.ts';
import type { NalKind, NalSyntax, ParameterSets, PictureOrder } from './video-setup.ts';

/** Of one access unit, NAL units and fragments together: 8 MB in packets of 500 bytes are 16,800. */
export const MAX_UNIT_PIECES = 32768;

export interface AssemblerOptions {
  readonly syntax: NalSyntax;
  readonly sets: ParameterSets;
  readonly order: PictureOrder;
  readonly clockRate: number;
}

export class AccessUnitAssembler {
  readonly #options: AssemblerOptions;
  readonly #times: DecodeTimes;
  readonly #dropped: Record<string, number> = {};
  readonly #ready: AccessUnit[] = [];
  #unit: OpenUnit | undefined;
  /** The NAL unit that comes in fragments: its header, and what followed. */
  #fragmented: Uint8Array[] | undefined;
  /** What comes cannot be decoded rightly until a whole key frame has come. */
  #brokenUntilKey = true;
  /** The same before the last key frame: pictures that lean back on what was before it are damaged too. */
  #brokenBeforeKey = true;
  /** The first packet of all: what it belongs to may have begun before. */
  #first = true;
  #markersLie = false;
  #markersSeen = false;
  /** Pictures begin with slices that do not say they are the first (Reolink P330: mtx#5071). */
  #startsLie = false;
  /** Start codes were seen where none belong: from then on they are looked for in slices too. */
  #annexB = false;
  /** Timestamp of the unit that was finished at its marker. */
  #markedTicks: number | undefined;

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#times = new DecodeTimes(options.clockRate, options.order);
  }

  get parameters(): CodecParameters | undefined {
    return this.#options.sets.current()?.parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    const moved = this.#times.moved;
    return moved === 0 ? this.#dropped : { ...this.#dropped, 'time-moved': moved };
  }

  drop(cause: string, count = 1): void {
    this.#dropped[cause] = (this.#dropped[cause] ?? 0) + count;
  }

  /** What became complete since the last call. */
  take(): readonly AccessUnit[] {
    return this.#ready.length === 0 ? NONE : this.#ready.splice(0);
  }

  begin(packet: RtpPayload): void {
    const lost = packet.lostBefore > 0 || this.#first;
    this.#first = false;
    if (lost) {
      // What follows the hole does not belong behind what came before it.
      this.#closeFragmented();
      this.#brokenUntilKey = true;
      if (this.#unit !== undefined) this.#unit.lost = true;
    }
    if (this.#unit !== undefined && this.#unit.ticks !== packet.ticks) this.#finish();
    this.#unit ??= openUnit(packet.ticks, lost);
  }

  end(packet: RtpPayload): void {
    const unit = this.#unit;
    if (!packet.marker || unit === undefined) return;
    if (unit.setup === undefined && !unit.overflown) unit.markedBeforeSlice = true;
    else if (!this.#markersLie) {
      this.#markersSeen = true;
      this.#finish();
      this.#markedTicks = packet.ticks;
    }
  }

  /** A whole NAL unit, kept by reference. */
  nal(nal: Uint8Array): void {
    this.#closeFragmented();
    this.#take(nal);
  }

  /** What follows the head of an aggregation packet (RFC 6184 §5.7.1, RFC 7798 §4.4.2): size:u16 and a NAL unit, again and again. */
  aggregate(units: Uint8Array): void {
    let at = 0;
    while (at + 2 <= units.length) {
      const size = ((units[at] ?? 0) << 8) | (units[at + 1] ?? 0);
      at += 2;
      if (size > units.length - at) return this.loseNal('aggregate-cut');
      if (size > 0) this.nal(units.subarray(at, at + size));
      at += size;
    }
  }

  /** A fragmented NAL unit begins: its header is rebuilt, the fragments follow. */
  fragmentStart(header: Uint8Array): void {
    this.#closeFragmented();
    this.#fragmented = [header];
  }

  /** Kept by reference; without a start it is dropped: its NAL unit lost its head. */
  fragment(bytes: Uint8Array): void {
    const nal = this.#fragmented;
    if (nal === undefined) return this.loseNal('fragment-without-start');
    if (bytes.length === 0 || !this.#admit(bytes.length)) return;
    nal.push(bytes);
  }

  fragmentEnd(): void {
    const nal = this.#fragmented;
    this.#fragmented = undefined;
    if (nal === undefined || nal.length === 1) return;
    const kind = this.#options.syntax.kindOf(nal[0] ?? EMPTY);
    const isSlice = kind === 'slice' || kind === 'key-slice';
    if (isSlice && !this.#annexB) this.#takeSlice(kind, nal);
    else this.#take(joined(nal));
  }

  /** Nothing more comes: where the device marks ends, a unit without one is cut off. */
  flush(): void {
    const marks = this.#markersSeen && !this.#markersLie;
    if (this.#unit !== undefined && (marks || this.#fragmented !== undefined)) this.#unit.lost = true;
    this.#finish();
  }

  /** Ends the unit in hand, whatever is missing. */
  #finish(): void {
    this.#closeFragmented();
    const unit = this.#unit;
    this.#unit = undefined;
    this.#markedTicks = undefined;
    if (unit === undefined) return;
    if (unit.overflown) {
      this.#brokenUntilKey = true;
      return this.drop('unit-too-large');
    }
    if (unit.setup === undefined || unit.firstSlice === undefined) return;
    if (!unit.lost && !unit.lostBefore && !unit.startsPicture) this.#startsLie = true;
    const whole = !unit.lost && (!unit.lostBefore || unit.startsPicture || this.#startsLie);
    if (unit.key) this.#brokenBeforeKey = this.#brokenUntilKey;
    if (!whole) this.#brokenUntilKey = true;
    else if (unit.key) this.#brokenUntilKey = false;
    const damaged = this.#brokenUntilKey || (unit.leansBack && this.#brokenBeforeKey);
    const { ticks, key, firstSlice, setup, nals } = unit;
    const times = this.#times.next({ ptsTicks: ticks, key, firstSlice, setup });
    let byteLength = 0;
    for (const nal of nals) byteLength += byteLengthOf(nal);
    this.#ready.push({ ...times, key, damaged, data: nals, byteLength, parameters: setup.parameters });
  }

  /** The end of a fragmented NAL unit did not come: what there is of it stays, since decoders conceal. */
  #closeFragmented(): void {
    if (this.#fragmented === undefined) return;
    this.drop('fragment-without-end');
    this.fragmentEnd();
  }

  loseNal(cause: string): void {
    this.drop(cause);
    this.#brokenUntilKey = true;
    if (this.#unit !== undefined) this.#unit.lost = true;
  }

  /** Takes a NAL unit, or the byte stream of several that a device sent as one (V380: ret#68). */
  #take(nal: Uint8Array): void {
    const kind = this.#options.syntax.kindOf(nal);
    const isSlice = kind === 'slice' || kind === 'key-slice';
    if (isSlice && !this.#annexB) return this.#takeOne(kind, nal);
    if (findStartCode(nal) === -1) return this.#takeOne(kind, nal);
    this.#annexB = true;
    for (const single of splitAnnexB(nal)) this.#takeOne(this.#options.syntax.kindOf(single), single);
  }

  #takeOne(kind: NalKind, nal: Uint8Array): void {
    if (nal.length < this.#options.syntax.headerBytes) return this.drop('nal-empty');
    switch (kind) {
      case 'parameter-set':
        if (!this.#options.sets.take(nal)) this.drop('parameter-set-junk');
        return;
      case 'stripped':
        return;
      case 'other':
        if (this.#admit(nal.length)) this.#unit?.nals.push([nal]);
        return;
      case 'slice':
      case 'key-slice':
        if (this.#admit(nal.length)) this.#takeSlice(kind, [nal]);
    }
  }

  #takeSlice(kind: NalKind, nal: Pieces): void {
    const unit = this.#unit;
    if (unit === undefined || unit.overflown) return;
    if (unit.firstSlice === undefined) {
      const head = headOf(nal);
      const startsPicture = this.#options.syntax.startsPicture(head);
      if (unit.markedBeforeSlice) this.#markersLie = true;
      if (unit.ticks === this.#markedTicks && !startsPicture && !this.#startsLie) return this.#loseLateSlice();
      const setup = this.#options.sets.current();
      if (setup === undefined) return this.drop('slice-without-parameter-sets');
      unit.setup = setup;
      unit.firstSlice = head;
      unit.startsPicture = startsPicture;
      unit.leansBack = this.#options.syntax.leansBack(head);
    }
    if (kind === 'key-slice') unit.key = true;
    unit.nals.push(nal);
  }

  /** A slice of the picture that went out at its marker: that picture was not whole, and the marker means nothing. */
  #loseLateSlice(): void {
    this.#markersLie = true;
    this.loseNal('slice-after-marker');
  }

  #admit(bytes: number): boolean {
    const unit = this.#unit;
    if (unit === undefined || unit.overflown) return false;
    unit.bytes += bytes;
    unit.pieces += 1;
    if (unit.bytes <= MAX_ACCESS_UNIT_BYTES && unit.pieces <= MAX_UNIT_PIECES) return true;
    unit.overflown = true;
    unit.nals.length = 0;
    this.#fragmented = undefined;
    return false;
  }
}

const NONE: readonly AccessUnit[] = [];
const EMPTY = new Uint8Array();

/** The beginning of a slice: a view if one piece holds it, a copy otherwise. */
function headOf(nal: Pieces): Uint8Array {
  const [first = EMPTY] = nal;
  if (nal.length === 1 || first.length >= SLICE_HEAD_BYTES) return first;
  const head = new Uint8Array(Math.min(SLICE_HEAD_BYTES, byteLengthOf(nal)));
  let at = 0;
  for (const piece of nal) {
    const part = piece.subarray(0, head.length - at);
    head.set(part, at);
    at += part.length;
    if (at === head.length) break;
  }
  return head;
}
