/** A reader of a group: what is sent is sent once for all of them, so there is nothing of its own. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import type { Batch } from '../../stream/batch.ts';
import type { ReaderLosses } from '../../stream/reader-queue.ts';
import type { RelayTrack, Stream } from '../../stream/stream.ts';
import type { UdpView } from '../../stream/udp-view.ts';
import { HeldStart } from './held-start.ts';
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
  /** Only for the reply to say where it begins: the group is sent to, not the reader. */
  readonly #start = new HeldStart<undefined>();
  readonly #groups: MulticastGroups;
  readonly #reader: MulticastReader;

  constructor(groups: MulticastGroups, reader: MulticastReader) {
    this.#groups = groups;
    this.#reader = reader;
  }

  get held(): readonly Batch[] | undefined {
    return this.#start.batches;
  }

  attach(burst: readonly Batch[]): void {
    this.#start.begin(
      burst,
      burst.map(() => undefined),
    );
  }

  firstSequence(): undefined {
    return undefined;
  }

  push(batch: Batch, begins: boolean): boolean {
    this.#start.take(batch, undefined, begins);
    return false;
  }

  flow(): void {
    this.#start.end();
    const { session, stream, tracks, view } = this.#reader;
    this.#groups.join(session, stream, tracks, view);
  }

  control(): void {}

  drain(): void {}

  stop(): void {
    this.#start.end();
    this.#groups.leave(this.#reader.session);
  }

  stalled(): boolean {
    return false;
  }
}
