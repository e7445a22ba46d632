import { codecFor } from '../../core/codec/registry.ts';
import type { RelayTrack, Stream } from '../../stream/stream.ts';
import { UdpView } from '../../stream/udp-view.ts';

/** The one view of each stream that all its readers over UDP share. */
export class UdpViews {
  readonly #views = new WeakMap<Stream, Entry>();

  /** `tracks`: those of now. A list that changes ends the readers of the one before. */
  of(stream: Stream, tracks: readonly RelayTrack[]): UdpView {
    let entry = this.#views.get(stream);
    if (entry === undefined) {
      entry = new Entry();
      this.#views.set(stream, entry);
    }
    entry.tracks = tracks;
    return entry.view;
  }
}

class Entry {
  tracks: readonly RelayTrack[] = [];
  readonly view = new UdpView((track) => codecFor(this.tracks[track]?.format.encoding ?? ''));
}
