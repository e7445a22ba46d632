/** The recordings that are being written, and those closed ones whose final row is not committed yet: the archive shows them as well. */
import type { IndexedSegment } from '../index/indexed-segment.ts';

export interface OpenRecording {
  /** In the index. */
  readonly id: number;
  readonly stream: string;
  readonly storage: string;
  readonly path: string;
  readonly baseUtcMs: number;
  readonly init: { readonly hash: string; readonly bytes: Uint8Array };
  /** Complete segments, all of whose bytes can be read. */
  readonly segments: readonly IndexedSegment[];
  /** The segment that is being written, as far as it is. */
  readonly unfinished: IndexedSegment | undefined;
}

export class OpenRecordings {
  readonly #byStream = new Map<string, Set<OpenRecording>>();

  add(recording: OpenRecording): void {
    const set = this.#byStream.get(recording.stream) ?? new Set();
    this.#byStream.set(recording.stream, set.add(recording));
  }

  remove(recording: OpenRecording): void {
    const set = this.#byStream.get(recording.stream);
    set?.delete(recording);
    if (set?.size === 0) this.#byStream.delete(recording.stream);
  }

  /** Of one stream, in the order in which they were begun. */
  of(stream: string): readonly OpenRecording[] {
    return [...(this.#byStream.get(stream) ?? [])];
  }
}
