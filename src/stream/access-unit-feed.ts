/**
 * The access units of a stream's tracks that go into the timeline, for as long as somebody wants them: one depacketizer a track, started with the first user from the
 * GOPs in memory, stopped with the last. It stands still until the stream's clock is anchored, and then begins with the GOPs
 * in memory, so that nothing of those two seconds is lost; nor of a source that ended within them.
 */
import { payloadsOf } from './batch-packets.ts';
import { lease } from './lease.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { Depacketizer } from '../core/codec/codec.ts';
import type { Batch } from './batch.ts';
import type { LiveTrack } from './relay-track.ts';
import type { Lease } from './timeline.ts';

export interface AccessUnitListener {
  /** `track` is the index in the stream's list. Must not throw. */
  unit(track: number, unit: AccessUnit): void;
  /** The source went away, or its tracks are others: what comes next does not follow. */
  pause(): void;
}

/** What the feed reads from. */
export interface FeedSource {
  readonly anchored: boolean;
  readonly tracks: readonly LiveTrack[];
  /** The GOPs in memory, oldest first, the newest batch included. */
  gops(): readonly Batch[];
}

export class AccessUnitFeed {
  readonly #source: FeedSource;
  #listeners: readonly AccessUnitListener[] = [];
  /** By track; undefined while the feed stands still. */
  #depacketizers: ReadonlyMap<number, Depacketizer> | undefined;

  constructor(source: FeedSource) {
    this.#source = source;
  }

  get running(): boolean {
    return this.#depacketizers !== undefined;
  }

  /** A listener that comes later than the first gets what comes from now on. */
  subscribe(listener: AccessUnitListener): Lease {
    this.#listeners = [...this.#listeners, listener];
    if (this.#listeners.length === 1) this.#start();
    return lease(() => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
      if (this.#listeners.length === 0) this.#depacketizers = undefined;
    });
  }

  /** A batch of the relay, which is already among the GOPs in memory. */
  batch(batch: Batch): void {
    if (this.#listeners.length === 0) return;
    if (this.#depacketizers === undefined) this.#start();
    else this.#push(this.#depacketizers, batch);
  }

  /** The source ended: what waits for its successor is given out. */
  pause(): void {
    if (this.#depacketizers === undefined && this.#listeners.length > 0) this.#start();
    const depacketizers = this.#depacketizers;
    if (depacketizers === undefined) return;
    this.#depacketizers = undefined;
    for (const [track, depacketizer] of depacketizers) this.#give(track, depacketizer.flush());
    for (const listener of this.#listeners) listener.pause();
  }

  #start(): void {
    if (!this.#source.anchored) return;
    const depacketizers = new Map<number, Depacketizer>();
    for (const { codec, index, format } of this.#source.tracks) {
      if (codec?.timeline === true) depacketizers.set(index, codec.depacketizer(format));
    }
    this.#depacketizers = depacketizers;
    for (const batch of this.#source.gops()) this.#push(depacketizers, batch);
  }

  #push(depacketizers: ReadonlyMap<number, Depacketizer>, batch: Batch): void {
    const depacketizer = depacketizers.get(batch.track);
    if (depacketizer === undefined) return;
    for (const payload of payloadsOf(batch)) {
      const units = depacketizer.push(payload);
      if (units.length > 0) this.#give(batch.track, units);
    }
  }

  #give(track: number, units: readonly AccessUnit[]): void {
    for (const unit of units) {
      for (const listener of this.#listeners) listener.unit(track, unit);
    }
  }
}
