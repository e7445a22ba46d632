/**
 * One recording that grows: header, whole fragments, and at the close durations and trailer. Bytes are the timeline's own, but for the
 * decode times, which count from the file's base (its name), so that a file copied off the disk plays anywhere with its right length.
 */
import assert from 'node:assert';
import { parseFragment, type ParsedFragment } from '../../core/mp4/read/fragment.ts';
import { parseInit } from '../../core/mp4/read/init.ts';
import { writeFileHeader } from '../../core/mp4/recording/file-header.ts';
import { shiftTfdts } from '../../core/mp4/recording/patch.ts';
import { parseSegmentStart } from '../../core/mp4/recording/segment-start.ts';
import type { Fragment, InitSegment, SegmentEntry } from '../../stream/fragment.ts';
import type { IndexedSegment } from '../index/indexed-segment.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import { FileContents } from './file-contents.ts';
import { sealFile } from './seal-file.ts';

export interface RecordingFileOptions {
  /** In the index. */
  readonly id: number;
  readonly stream: string;
  readonly baseUtcMs: number;
  readonly init: InitSegment;
  readonly storage: Storage;
  readonly file: StorageFile;
}

export class RecordingFile {
  readonly id: number;
  readonly stream: string;
  readonly init: InitSegment;
  readonly #storage: Storage;
  readonly #file: StorageFile;
  readonly #contents: FileContents;
  readonly #header: Uint8Array;
  /** Header and whole fragments, as far as they are in the kernel. */
  #length = 0;
  #syncedLength = 0;
  #named = false;
  #sealed = false;
  #broken: { readonly by: 'write' | 'sync'; readonly error: unknown } | undefined;
  /** Syncs on their way: Linux tells a descriptor of a lost write-back once, so their failure is also that of the sync at the end. */
  #syncing: Promise<unknown> = Promise.resolve();

  constructor(options: RecordingFileOptions) {
    this.id = options.id;
    this.stream = options.stream;
    this.init = options.init;
    this.#storage = options.storage;
    this.#file = options.file;
    const { stream, baseUtcMs, init } = options;
    this.#header = writeFileHeader(init.bytes, { stream, baseUtcMs, initHash: init.hash });
    this.#contents = new FileContents({ stream, baseUtcMs, initHash: init.hash, tracks: parseInit(init.bytes).tracks });
  }

  get storage(): string {
    return this.#storage.name;
  }

  get path(): string {
    return this.#file.path;
  }

  get baseUtcMs(): number {
    return this.#contents.baseUtcMs;
  }

  /** Bytes of header and whole fragments. */
  get length(): number {
    return this.#length;
  }

  get syncedLength(): number {
    return this.#syncedLength;
  }

  get segments(): readonly IndexedSegment[] {
    return this.#contents.segments;
  }

  get unfinished(): IndexedSegment | undefined {
    return this.#contents.unfinished;
  }

  /** Where its media ends, by the segment that was begun last; undefined: it has none. */
  get endUtcMs(): number | undefined {
    const last = this.unfinished ?? this.segments.at(-1);
    return last === undefined ? undefined : last.startUtcMs + last.durationMs;
  }

  offsetTicks(trackId: number): number {
    return this.#contents.offsetTicks(trackId);
  }

  /** Where a track's media ends, in ticks since 1970. */
  endTicks(trackId: number): number | undefined {
    const end = this.#contents.endTicks(trackId);
    return end === undefined ? undefined : end + this.offsetTicks(trackId);
  }

  /** Hands the fragments to the kernel in one write (the first time with the header before them). Throws as StorageFile.append does. */
  async append(fragments: readonly Fragment[]): Promise<void> {
    assert(!this.#sealed, 'a sealed recording is not written again');
    if (this.#broken !== undefined) throw this.#broken.error;
    const pieces: Uint8Array[] = [];
    let position = this.#length;
    if (position === 0) {
      pieces.push(this.#header);
      position = this.#header.length;
    }
    const parsed: { fragment: Fragment; parsed: ParsedFragment; position: number }[] = [];
    for (const fragment of fragments) {
      pieces.push(...this.#piecesOf(fragment));
      parsed.push({ fragment, parsed: this.#parse(fragment), position });
      position += fragment.bytes.length;
    }
    await this.#guard('write', () => this.#file.append(pieces));
    this.#length = position;
    for (const each of parsed) this.#note(each.fragment, each.parsed, each.position);
  }

  /** The segment is complete. */
  endSegment(entry: SegmentEntry): void {
    if (this.#contents.unfinished?.number === entry.number) this.#contents.endSegment(entry);
  }

  /** What was written before the call is on the disk when it resolves. After a failure the file is broken: `abandon`. */
  async sync(): Promise<void> {
    const length = this.#length;
    if (this.#sealed || (length === this.#syncedLength && this.#named)) return;
    const synced = this.#syncTo(length);
    this.#syncing = Promise.allSettled([this.#syncing, synced]);
    await synced;
  }

  /** What a write or a sync failed with. */
  get broken(): unknown {
    return this.#broken?.error;
  }

  /** Fills in the durations, appends the trailer, syncs and closes. Returns the file's length. After a failure: `abandon`. */
  async seal(): Promise<number> {
    this.#sealed = true;
    this.#contents.endSegment();
    await this.#syncing;
    if (this.#broken !== undefined) throw this.#broken.error;
    await this.#guard('write', () => sealFile(this.#file, this.#header, this.#contents));
    await this.#guard('sync', () => this.#syncNow());
    const length = this.#file.length;
    await this.#file.close();
    return length;
  }

  /**
   * Closes after a failure, or where a segment is not written to its end, and does not write again. Keeps the whole segments that are
   * sure: after a failed sync those that an earlier one had reached; else all, if the file can be cut there and synced. A part of a
   * segment is not kept: the live side may serve the whole under the same URL. Returns the file's length.
   */
  async abandon(): Promise<number> {
    this.#sealed = true;
    await this.#syncing;
    let sure = this.#syncedLength;
    if (this.#broken?.by !== 'sync') {
      try {
        const whole = this.unfinished?.offset ?? this.#length;
        await this.#file.truncate(whole);
        await this.#syncNow();
        sure = whole;
      } catch {
        // What the last sync reached is left; the index says no more than that.
      }
    }
    this.#contents.cutTo(sure);
    await this.#file.close().catch(() => undefined);
    return sure;
  }

  async #syncTo(length: number): Promise<void> {
    await this.#guard('sync', () => this.#syncNow());
    this.#syncedLength = Math.max(this.#syncedLength, length);
  }

  /** The file's bytes, and the first time its name. */
  async #syncNow(): Promise<void> {
    await this.#file.sync();
    if (!this.#named) await this.#storage.syncFolder(this.path);
    this.#named = true;
  }

  /** A failed sync is the graver one: after it nothing counts that an earlier one had not reached. */
  async #guard(by: 'write' | 'sync', operation: () => Promise<void>): Promise<void> {
    try {
      await operation();
    } catch (error) {
      if (this.#broken === undefined || by === 'sync') this.#broken = { by, error };
      throw error;
    }
  }

  #piecesOf(fragment: Fragment): readonly Uint8Array[] {
    let end = 0;
    for (const { offset } of fragment.tfdtOffsets) end = Math.max(end, offset + 8);
    const head = new Uint8Array(fragment.bytes.subarray(0, end));
    shiftTfdts(head, fragment.tfdtOffsets, (trackId) => -this.offsetTicks(trackId));
    return [head, fragment.bytes.subarray(end)];
  }

  #parse(fragment: Fragment): ParsedFragment {
    const parsed = parseFragment(fragment.bytes, 0);
    assert(parsed !== undefined && parsed.end === fragment.bytes.length, 'the timeline gives whole fragments');
    const tracks = parsed.tracks.map((run) => ({
      ...run,
      baseDecodeTicks: run.baseDecodeTicks - this.offsetTicks(run.trackId),
    }));
    return { ...parsed, tracks };
  }

  #note(fragment: Fragment, parsed: ParsedFragment, position: number): void {
    if (fragment.part === 0) {
      const start = parseSegmentStart(fragment.bytes);
      assert(start !== undefined, 'the first part of a segment begins with its start');
      this.#contents.startSegment(start, position);
    }
    this.#contents.addFragment(parsed, position);
  }
}
