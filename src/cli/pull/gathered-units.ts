/** Access units that wait for a film to begin: no more than so many, and so many bytes; past it the oldest are let go. */
import type { AccessUnit } from '../../core/codec/access-unit.ts';
import type { LiveTrack } from '../../stream/relay-track.ts';

export interface GatheredUnit {
  readonly live: LiveTrack;
  readonly unit: AccessUnit;
}

/** A group of pictures of all tracks, ten seconds long at 50 Mbit/s. */
export const MAX_GATHERED_BYTES = 64 * 1024 * 1024;
export const MAX_GATHERED_UNITS = 4096;

export class GatheredUnits {
  readonly #units: GatheredUnit[] = [];
  #bytes = 0;

  /** In the order in which they came. */
  get all(): readonly GatheredUnit[] {
    return this.#units;
  }

  /** The newest always stays. */
  push(gathered: GatheredUnit): void {
    this.#units.push(gathered);
    this.#bytes += gathered.unit.byteLength;
    while (this.#units.length > 1 && (this.#units.length > MAX_GATHERED_UNITS || this.#bytes > MAX_GATHERED_BYTES))
      this.#bytes -= this.#units.shift()?.unit.byteLength ?? 0;
  }
}
