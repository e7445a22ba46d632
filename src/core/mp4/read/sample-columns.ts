/** The samples of one track in columns: 30 bytes a sample, however long the film. Offsets are of the file. */
export interface SampleColumns {
  readonly count: number;
  offset(index: number): number;
  size(index: number): number;
  dtsTicks(index: number): number;
  durationTicks(index: number): number;
  /** pts − dts. */
  compositionTicks(index: number): number;
  key(index: number): boolean;
  /** Index of its sample entry, from 0. */
  entry(index: number): number;
}

export interface SampleRow {
  readonly offset: number;
  readonly size: number;
  readonly dtsTicks: number;
  readonly durationTicks: number;
  readonly compositionTicks: number;
  readonly key: boolean;
  readonly entry: number;
}

/** Grows by doubling. */
export class GrowingColumns implements SampleColumns {
  #count = 0;
  #offsets = new Float64Array(64);
  #dts = new Float64Array(64);
  #sizes = new Uint32Array(64);
  #durations = new Uint32Array(64);
  #compositions = new Int32Array(64);
  /** Index of the sample entry × 2, and 1 for a key frame. */
  #marks = new Uint16Array(64);

  get count(): number {
    return this.#count;
  }

  push(row: SampleRow): void {
    if (this.#count === this.#offsets.length) this.#grow();
    const at = this.#count++;
    this.#offsets[at] = row.offset;
    this.#dts[at] = row.dtsTicks;
    this.#sizes[at] = row.size;
    this.#durations[at] = row.durationTicks;
    this.#compositions[at] = row.compositionTicks;
    this.#marks[at] = row.entry * 2 + (row.key ? 1 : 0);
  }

  /** Leaves out the first sample that passes byte `end` of the file, and all behind it. */
  cut(end: number): void {
    for (let i = 0; i < this.#count; i++) if (this.offset(i) + this.size(i) > end) this.#count = i;
  }

  offset(index: number): number {
    return this.#offsets[index] ?? 0;
  }

  size(index: number): number {
    return this.#sizes[index] ?? 0;
  }

  dtsTicks(index: number): number {
    return this.#dts[index] ?? 0;
  }

  durationTicks(index: number): number {
    return this.#durations[index] ?? 0;
  }

  compositionTicks(index: number): number {
    return this.#compositions[index] ?? 0;
  }

  key(index: number): boolean {
    return (this.#marks[index] ?? 0) % 2 === 1;
  }

  entry(index: number): number {
    return (this.#marks[index] ?? 0) >> 1;
  }

  #grow(): void {
    const length = 2 * this.#offsets.length;
    this.#offsets = grown(new Float64Array(length), this.#offsets);
    this.#dts = grown(new Float64Array(length), this.#dts);
    this.#sizes = grown(new Uint32Array(length), this.#sizes);
    this.#durations = grown(new Uint32Array(length), this.#durations);
    this.#compositions = grown(new Int32Array(length), this.#compositions);
    this.#marks = grown(new Uint16Array(length), this.#marks);
  }
}

function grown<Column extends { set(from: ArrayLike<number>): void }>(to: Column, from: ArrayLike<number>): Column {
  to.set(from);
  return to;
}
