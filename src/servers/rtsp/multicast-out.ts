/** A reader of a group: what is sent is sent once for all of them, so there is nothing of its own. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { ReaderLosses } from '../../stream/reader-queue.ts';
import type { RelayTrack, Stream } from '../../stream/stream.ts';
import type { UdpView } from '../../stream/udp-view.ts';
import type { MediaOut } from './media-out.ts';
import type { MulticastGroups } from './multicast-groups.ts';

export interface MulticastReader {
  readonly session: ServerSession;
  readonly stream: Stream;
  readonly tracks: readonly RelayTrack[];
  readonly view: UdpView;
}

export class MulticastOut implements MediaOut {
  readonly losses: ReaderLosses = { overflows: 0, batches: 0, bytes: 0 };
  readonly bytes = 0;
  readonly #groups: MulticastGroups;
  readonly #reader: MulticastReader;

  constructor(groups: MulticastGroups, reader: MulticastReader) {
    this.#groups = groups;
    this.#reader = reader;
  }

  attach(): void {}

  firstSequence(): undefined {
    return undefined;
  }

  push(): boolean {
    return false;
  }

  flow(): void {
    const { session, stream, tracks, view } = this.#reader;
    this.#groups.join(session, stream, tracks, view);
  }

  control(): void {}

  drain(): void {}

  stop(): void {
    this.#groups.leave(this.#reader.session);
  }

  stalled(): boolean {
    return false;
  }
}
