/** For tests: a stream and a registry without media of their own. */
import { completeFormat } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import type { Batch } from '../../stream/batch.ts';
import type { Source } from '../../stream/source.ts';
import type {
  Attachment,
  PublishGrant,
  RelayReader,
  RelayTrack,
  SenderClock,
  StartMode,
  Stream,
  StreamRegistry,
} from '../../stream/stream.ts';

export const VIDEO: RelayTrack = {
  index: 0,
  ssrc: 0x11,
  format: completeFormat({ media: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96, fmtp: new Map() }),
};
export const AUDIO: RelayTrack = {
  index: 1,
  ssrc: 0x22,
  format: completeFormat({ media: 'audio', encoding: 'PCMA', clockRate: 8000, payloadType: 8, fmtp: new Map() }),
};

/** One packet in its frame; its RTP time is `ticks`. */
export function batchOf(track: number, ticks: number, key: boolean, length = 100): Batch {
  const buffer = Buffer.alloc(4 + length);
  buffer[0] = 0x24;
  buffer[1] = 2 * track;
  buffer.writeUInt16BE(length, 2);
  buffer[4] = 0x80;
  buffer[5] = 96;
  buffer.writeUInt16BE(ticks & 0xffff, 6);
  buffer.writeUInt32BE(ticks, 8);
  return { track, buffer, packets: 1, arrivalMs: 0, arrivalUtcMs: 0, ticks, key, lostBefore: 0, frameEnd: true };
}

type Used = 'name' | 'tracks' | 'attach' | 'senderClock';

export class FakeStream implements Pick<Stream, Used> {
  readonly name: string;
  readonly readers = new Set<RelayReader>();
  readonly starts: StartMode[] = [];
  burst: readonly Batch[] = [];
  clock: SenderClock | undefined = { ntpUtcMs: 0, rtpTimestamp: 0 };
  list: readonly RelayTrack[] | undefined = [VIDEO, AUDIO];
  readonly #waiting = new Set<(list: readonly RelayTrack[]) => void>();

  constructor(name: string) {
    this.name = name;
  }

  /** How many wait for the list. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for the signal while there is no list, as an on-demand stream waits for its source. */
  tracks(signal: AbortSignal): Promise<readonly RelayTrack[]> {
    if (this.list !== undefined) return Promise.resolve(this.list);
    const { promise, resolve, reject } = Promise.withResolvers<readonly RelayTrack[]>();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    });
    return promise;
  }

  /** The source is open. */
  come(list: readonly RelayTrack[]): void {
    this.list = list;
    for (const resolve of this.#waiting) resolve(list);
    this.#waiting.clear();
  }

  attach(reader: RelayReader, start: StartMode): Attachment {
    this.readers.add(reader);
    this.starts.push(start);
    const close = (): void => void this.readers.delete(reader);
    return { burst: this.burst, close, [Symbol.dispose]: close };
  }

  senderClock(): SenderClock | undefined {
    return this.clock;
  }

  deliver(batch: Batch): void {
    for (const reader of this.readers) reader.deliver(batch);
  }
}

export class FakeRegistry implements StreamRegistry {
  readonly streams = new Map<string, FakeStream>();
  readonly published: Source[] = [];
  refusal: WeirError | undefined;
  /** What the stream does with a publisher; set by the test. */
  take: (source: Source) => Promise<WeirError | undefined> = () => Promise.resolve(undefined);

  find(name: string): Promise<Stream | undefined> {
    // Only `Used` is called by the server.
    return Promise.resolve(this.streams.get(name) as unknown as Stream | undefined);
  }

  list(): readonly Stream[] {
    return [];
  }

  publishError(): WeirError | undefined {
    return this.refusal;
  }

  publish(_name: string, source: Source): Promise<PublishGrant> {
    this.published.push(source);
    return Promise.resolve({ ended: this.take(source) });
  }
}
