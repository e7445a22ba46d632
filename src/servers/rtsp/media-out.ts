/** Where the media of one reader goes: into its RTSP connection, in datagrams to its ports, or to a group. */
import { frame } from '../../core/rtsp/wire/frame.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import type { Batch } from '../../stream/batch.ts';
import { FRAME_HEADER_BYTES } from '../../stream/framed.ts';
import { ReaderQueue, type ReaderLosses } from '../../stream/reader-queue.ts';
import { HeldStart, lostInAll } from './held-start.ts';
import type { Layouts } from './layouts.ts';

/** An RTCP packet about one track. */
export interface TrackReport {
  readonly track: number;
  readonly packet: Uint8Array;
}

export interface MediaOut {
  readonly losses: ReaderLosses;
  /** Bytes handed over. */
  readonly bytes: number;
  /** What waits for `flow`, oldest first; undefined: it flows, or has stopped. */
  readonly held: readonly Batch[] | undefined;
  /** Takes what the reader begins with, and holds it and what is pushed until `flow`. */
  attach(burst: readonly Batch[]): void;
  /** The number, as it will go out, of the first packet of a batch that is held: by its place among them. Undefined if it is not known. */
  firstSequence(held: number): number | undefined;
  /** The next live batch of a track that the reader takes; `begins`: it can be decoded from here. False: the reader does not get it. */
  push(batch: Batch, begins: boolean): boolean;
  flow(): void;
  control(reports: readonly TrackReport[]): void;
  /** A connection has sent what waited in it. */
  drain(): void;
  /** Forgets what waits. */
  stop(): void;
  /** Whether it has taken nothing for too long; to be asked about once a second. */
  stalled(nowMs: number): boolean;
}

/** Interleaved (RFC 2326 §10.12): a batch is one write of a buffer that all readers share. */
export class InterleavedOut implements MediaOut {
  readonly #pipe: BytePipe;
  readonly #layouts: Layouts;
  /** By track. */
  readonly #channels: ReadonlyMap<number, PortPair>;
  readonly #queue: ReaderQueue;
  readonly #start = new HeldStart<Buffer>();

  constructor(
    pipe: BytePipe,
    layouts: Layouts,
    channels: ReadonlyMap<number, PortPair>,
    waitsForKey: boolean,
    nowMs: number,
  ) {
    this.#pipe = pipe;
    this.#layouts = layouts;
    this.#channels = channels;
    this.#queue = new ReaderQueue(pipe, waitsForKey, nowMs);
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
    this.#start.begin(
      burst,
      burst.map((batch) => this.#framed(batch)),
    );
  }

  firstSequence(held: number): number | undefined {
    return this.#start.part(held)?.readUInt16BE(FRAME_HEADER_BYTES + 2);
  }

  push(batch: Batch, begins: boolean): boolean {
    const bytes = this.#framed(batch);
    return this.#start.take(batch, bytes, begins) || this.#queue.push(bytes, begins);
  }

  flow(): void {
    this.#queue.start(this.#start.end());
  }

  control(reports: readonly TrackReport[]): void {
    const frames = reports.flatMap(({ track, packet }) => {
      const channels = this.#channels.get(track);
      return channels === undefined ? [] : [frame(channels[1], packet)];
    });
    if (frames.length > 0) this.#pipe.write(frames);
  }

  drain(): void {
    this.#queue.drain();
  }

  stop(): void {
    this.#start.end();
    this.#queue.stop();
  }

  stalled(nowMs: number): boolean {
    return this.#queue.stalled(nowMs);
  }

  #framed(batch: Batch): Buffer {
    return this.#layouts.frame(batch, this.#channels.get(batch.track)?.[0] ?? 2 * batch.track);
  }
}
