/** For tests: a stream and a registry without media of their own, and an RTSP peer on a real socket. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { completeFormat } from '../../core/codec/registry.ts';
import { WeirError } from '../../core/errors.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import { RtspHeaders } from '../../core/rtsp/wire/headers.ts';
import type { RtspResponse } from '../../core/rtsp/wire/message.ts';
import { serialiseRequest } from '../../core/rtsp/wire/serialise.ts';
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

  constructor(name: string) {
    this.name = name;
  }

  /** Waits for the signal while there is no list, as an on-demand stream waits for its source. */
  tracks(signal: AbortSignal): Promise<readonly RelayTrack[]> {
    if (this.list !== undefined) return Promise.resolve(this.list);
    const { promise, reject } = Promise.withResolvers<readonly RelayTrack[]>();
    signal.addEventListener('abort', () => reject(signal.reason));
    return promise;
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

export interface Frame {
  readonly channel: number;
  readonly payload: Buffer;
}

/** Says requests, reads replies and frames, in the order in which they come. */
export class Peer {
  readonly socket: Socket;
  readonly base: string;
  readonly #framer = new RtspFramer();
  readonly #replies: RtspResponse[] = [];
  readonly frames: Frame[] = [];
  #wake = Promise.withResolvers<void>();
  #closed = false;
  #cseq = 0;

  constructor(port: number, stream = 'yard') {
    this.base = `rtsp://127.0.0.1:${port}/${stream}`;
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      for (const unit of this.#framer.push(chunk)) {
        if (unit.kind === 'frame') this.frames.push({ channel: unit.channel, payload: Buffer.from(unit.payload) });
        else if (unit.kind === 'message' && unit.message.kind === 'response') this.#replies.push(unit.message);
        else assert.fail(`what came is no reply and no frame: ${unit.kind}`);
      }
      this.#wakeUp();
    });
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wakeUp();
    });
  }

  async ask(
    method: string,
    control = '',
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<RtspResponse> {
    this.#cseq += 1;
    const entries = Object.entries({ CSeq: String(this.#cseq), ...headers });
    this.socket.write(
      serialiseRequest({
        method,
        uri: this.base + control,
        headers: new RtspHeaders(entries),
        body: new TextEncoder().encode(body),
      }),
    );
    return this.reply();
  }

  async reply(): Promise<RtspResponse> {
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      assert.ok(!this.#closed, 'closed without a reply');
      await this.#wake.promise;
    }
  }

  /** The next `count` frames. */
  async take(count: number): Promise<Frame[]> {
    while (this.frames.length < count) {
      assert.ok(!this.#closed, `closed after ${this.frames.length} of ${count} frames`);
      await this.#wake.promise;
    }
    return this.frames.splice(0, count);
  }

  async closed(): Promise<void> {
    while (!this.#closed) await this.#wake.promise;
  }

  send(channel: number, payload: Uint8Array): void {
    this.socket.write(
      Buffer.concat([Buffer.from([0x24, channel, payload.length >> 8, payload.length & 255]), payload]),
    );
  }

  /** SETUP of the tracks, each on its channel, and PLAY. */
  async play(channels: readonly number[] = [0, 2]): Promise<RtspResponse> {
    let session: Record<string, string> = {};
    for (const [track, channel] of channels.entries()) {
      const transport = `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`;
      const reply = await this.ask('SETUP', `/trackID=${track}`, { Transport: transport, ...session });
      assert.equal(reply.status, 200);
      session = { Session: reply.headers.get('Session')?.split(';')[0] ?? '' };
    }
    return this.ask('PLAY', '', session);
  }

  #wakeUp(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}
