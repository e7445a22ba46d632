/** Media in datagrams to a reader's own ports. Its RTCP says whether it is there: a socket does not. */
import type { Clock } from '../../base/clock.ts';
import type { Batch } from '../../stream/batch.ts';
import { PacedQueue, type TrackDatagrams } from '../../stream/paced-queue.ts';
import type { ReaderLosses } from '../../stream/reader-queue.ts';
import type { UdpView } from '../../stream/udp-view.ts';
import { HeldStart, lostInAll } from './held-start.ts';
import type { MediaOut, TrackReport } from './media-out.ts';

export interface TrackSender {
  rtp(packet: Uint8Array): void;
  rtcp(packet: Uint8Array): void;
}

export class UdpOut implements MediaOut {
  readonly #view: UdpView;
  /** By track. */
  readonly #senders: ReadonlyMap<number, TrackSender>;
  readonly #queue: PacedQueue;
  readonly #start = new HeldStart<TrackDatagrams>();

  constructor(view: UdpView, senders: ReadonlyMap<number, TrackSender>, waitsForKey: boolean, clock: Clock) {
    this.#view = view;
    this.#senders = senders;
    this.#queue = new PacedQueue((track, datagram) => senders.get(track)?.rtp(datagram), waitsForKey, clock);
  }

  get losses(): ReaderLosses {
    return lostInAll(this.#start.losses, this.#queue.losses);
  }

  get held(): readonly Batch[] | undefined {
    return this.#start.batches;
  }

  get bytes(): number {
    return this.#queue.writtenBytes;
  }

  attach(burst: readonly Batch[]): void {
    const parts = this.#view.burst(burst);
    this.#start.begin(
      burst,
      burst.map(({ track }, i) => ({ track, datagrams: parts[i] ?? [] })),
    );
  }

  firstSequence(held: number): number | undefined {
    const first = this.#start.part(held)?.datagrams[0];
    return first && ((first[2] ?? 0) << 8) | (first[3] ?? 0);
  }

  push(batch: Batch, begins: boolean): boolean {
    // Cut as it comes, even if it has to wait: the view numbers in order.
    const part = { track: batch.track, datagrams: this.#view.datagrams(batch) };
    return this.#start.take(batch, part, begins) || this.#queue.push(part, begins);
  }

  flow(): void {
    this.#queue.start(this.#start.end());
  }

  control(reports: readonly TrackReport[]): void {
    for (const { track, packet } of reports) this.#senders.get(track)?.rtcp(packet);
  }

  drain(): void {}

  stop(): void {
    this.#start.end();
    this.#queue.stop();
  }

  stalled(): boolean {
    return false;
  }
}
