/** A frame of audio that comes over several packets, and is thrown away, counted, if any of them is missing. */
import type { CodecParameters } from '../codec-parameters.ts';
import type { AudioUnits } from './audio-units.ts';

interface OpenFrame {
  readonly ticks: number;
  readonly size: number;
  readonly pieces: Uint8Array[];
  bytes: number;
}

export class FrameInPieces {
  readonly #units: AudioUnits;
  #open: OpenFrame | undefined;

  constructor(units: AudioUnits) {
    this.#units = units;
  }

  /** A packet of this time came, so many are missing before it: what is open goes on only at its own time and without a hole. */
  meet(ticks: number, lostBefore: number): void {
    if (this.#open !== undefined && (lostBefore > 0 || this.#open.ticks !== ticks)) this.drop();
  }

  /** The first piece of a frame of `size` bytes. Kept by reference. */
  begin(ticks: number, size: number, piece: Uint8Array): void {
    this.#open = { ticks, size, pieces: [piece], bytes: piece.length };
  }

  /** Another piece, kept by reference; `offset`: where in the frame it says that it belongs. With its last piece the frame is emitted. */
  add(piece: Uint8Array, parameters: CodecParameters | undefined, offset?: number): void {
    const open = this.#open;
    const fits = open !== undefined && (offset ?? open.bytes) === open.bytes && open.bytes + piece.length <= open.size;
    if (!fits) {
      this.#open = undefined;
      this.#units.count('unit-cut');
      return;
    }
    open.pieces.push(piece);
    open.bytes += piece.length;
    if (open.bytes < open.size) return;
    this.#open = undefined;
    this.#units.emit(open.ticks, open.pieces, parameters);
  }

  /** What is open will not be finished. */
  drop(): void {
    if (this.#open !== undefined) this.#units.count('unit-cut');
    this.#open = undefined;
  }
}
