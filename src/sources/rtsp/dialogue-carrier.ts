/**
 * The edge of a client's dialogue, of a pull and of a push alike: carries out what its machine says, over one connection at a time.
 *
 *     idle ─▶ connecting ─▶ open ─▶ over          pipe ──chunk──▶ framer ──units──▶ machine ──outputs──▶ pipe, timer; the rest to the role
 *                  ▲          │
 *                  └──────────┘ a redirect, another way for media; the connection before is left
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { WeirError } from '../../core/errors.ts';
import type { DialogueInput, DialogueOutput } from '../../core/rtsp/client/dialogue-io.ts';
import { TEARDOWN_WAIT_MS } from '../../core/rtsp/client/dialogue.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { AnswerBacklog } from './answer-backlog.ts';
import type { Dial } from './dial.ts';

/** After the last word the connection has so long to close by itself. */
export const CLOSE_WAIT_MS = 100;
/** From being told to stop until all is closed. A TEARDOWN that is not answered takes all of it: then nothing is waited for. */
export const RTSP_STOP_MS_MAX = TEARDOWN_WAIT_MS;
/** A peer that asks and asks and reads nothing is left once so much waits for it, whatever waits of media: it is told a few hundred bytes a second. */
export const MAX_BACKLOG_BYTES = 64 * 1024;

export interface CarrierOptions<Input, Output, Own> {
  readonly machine: { push(input: Input | DialogueInput, nowMs: number): readonly (Output | DialogueOutput)[] };
  readonly connect: Dial;
  readonly connectMs: number;
  readonly clock: Clock;
  readonly role: CarrierRole<Output, Own>;
}

/** What a pull or a push does beside the dialogue. */
export interface CarrierRole<Output, Own> {
  /** What belongs to this connection alone. */
  opened(pipe: BytePipe): Own;
  /** An output that is not the dialogue's; `connection`: the open one. */
  carryOut(output: Output, connection: Connection<Own> | undefined, nowMs: number): void;
  /** All that a chunk brought is carried out. */
  heard(own: Own): void;
  /** The connection is left. Resolves when what belongs to it is closed. */
  left(own: Own): Promise<void>;
  /** The peer reads nothing; `expected`: of it. */
  deaf(place: string, expected: string): WeirError;
  /** No connection, as this side says it. */
  notConnected(error: unknown, url: RtspUrl): unknown;
}

/** An open connection, and what belongs to it alone. */
export interface Connection<Own> {
  readonly pipe: BytePipe;
  readonly closed: Promise<void>;
  readonly framer: RtspFramer;
  /** To be told of media that is written. */
  readonly backlog: AnswerBacklog;
  readonly own: Own;
}

type State<Own> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly connection: Connection<Own> }
  | { readonly kind: 'over' };

export class DialogueCarrier<Input, Output extends { readonly kind: string }, Own> {
  readonly #options: CarrierOptions<Input, Output, Own>;
  readonly #ended = Promise.withResolvers<unknown>();
  /** Ends a connect that is under way. */
  readonly #connecting = new AbortController();
  /** Connections that were left, and what belonged to them, until all is closed. */
  readonly #closing: Promise<void>[] = [];
  #state: State<Own> = { kind: 'idle' };
  #wake: Timer | undefined;
  #stopByMs = Number.POSITIVE_INFINITY;

  constructor(options: CarrierOptions<Input, Output, Own>) {
    this.#options = options;
  }

  /** Resolves when all is closed: with what ended it, a WeirError or the program's own fault; undefined after `stop`. */
  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  /** The open one. */
  get connection(): Connection<Own> | undefined {
    return this.#state.kind === 'open' ? this.#state.connection : undefined;
  }

  /** Begins; while `outcome` is waited for, the abort of `signal` stops it. */
  async start<T>(signal: AbortSignal, outcome: Promise<T>): Promise<T> {
    const stop = (): void => this.stop();
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) stop();
      else this.push({ kind: 'start' });
      return await outcome;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** All is closed RTSP_STOP_MS_MAX later at most. Idempotent; before `start` as well. */
  stop(): void {
    this.#stopByMs = Math.min(this.#stopByMs, this.#options.clock.monoMs() + RTSP_STOP_MS_MAX);
    this.push({ kind: 'stop' });
  }

  push(input: Input | DialogueInput): void {
    if (this.#isOver) return;
    const nowMs = this.#options.clock.monoMs();
    for (const output of this.#options.machine.push(input, nowMs)) {
      this.#carryOut(output, nowMs);
      if (this.#isOver) return;
    }
  }

  /** An answer, a request or a report: no media. */
  write({ pipe, backlog }: Connection<Own>, bytes: Uint8Array): void {
    const waitingBytes = backlog.answer(bytes.length, pipe.bufferedBytes);
    pipe.write(bytes);
    if (waitingBytes <= MAX_BACKLOG_BYTES) return;
    void this.#end(this.#options.role.deaf(pipe.remote, `at most ${MAX_BACKLOG_BYTES / 1024} KiB that wait`));
  }

  #carryOut(output: Output | DialogueOutput, nowMs: number): void {
    const { clock, role } = this.#options;
    const { connection } = this;
    if (!isOfDialogue(output)) {
      role.carryOut(output, connection, nowMs);
      return;
    }
    switch (output.kind) {
      case 'connect':
        void this.#connect(output.url);
        return;
      case 'send':
        if (connection !== undefined) this.write(connection, output.bytes);
        return;
      case 'wake':
        this.#wake?.cancel();
        this.#wake = clock.after(Math.max(output.atMs - nowMs, 0), () => this.push({ kind: 'tick' }));
        return;
      case 'end':
        void this.#end(output.error);
        return;
      default:
        output satisfies never;
    }
  }

  async #connect(url: RtspUrl): Promise<void> {
    // What belonged to the server that led here is none of the next one's, which may dislike reports before PLAY (live555).
    this.#leave();
    const connecting: State<Own> = { kind: 'connecting' };
    this.#state = connecting;
    const { connect, connectMs, clock, role } = this.#options;
    const { signal } = this.#connecting;
    let pipe: BytePipe;
    try {
      pipe = await connect(url, { timeoutMs: connectMs, clock, signal });
    } catch (error) {
      // Its abort comes from our own end, which is then under way.
      if (this.#state === connecting) await this.#end(role.notConnected(error, url));
      return;
    }
    if (this.#state !== connecting) return pipe.destroy();
    try {
      this.#opened(pipe);
    } catch (error) {
      // Nobody waits for this call: a fault of ours ends the dialogue as what it is.
      await this.#end(error);
    }
  }

  #opened(pipe: BytePipe): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { role } = this.#options;
    const own = role.opened(pipe);
    const backlog = new AnswerBacklog();
    const connection: Connection<Own> = { pipe, closed: promise, framer: new RtspFramer(), backlog, own };
    this.#state = { kind: 'open', connection };
    pipe.handle({
      data: (chunk) => {
        if (this.connection !== connection) return;
        this.push({ kind: 'units', units: connection.framer.push(chunk) });
        role.heard(own);
      },
      drain: () => {},
      close: () => {
        resolve();
        if (this.connection === connection) this.push({ kind: 'closed' });
      },
    });
    this.push({ kind: 'connected' });
  }

  get #isOver(): boolean {
    return this.#state.kind === 'over';
  }

  /** Lets go of the open connection, if there is one: what waits for it is sent, for a little while. */
  #leave(): void {
    const { connection } = this;
    if (connection === undefined) return;
    const { pipe, closed, own } = connection;
    const { clock, role } = this.#options;
    this.#closing.push(role.left(own));
    const waitMs = Math.max(0, Math.min(CLOSE_WAIT_MS, this.#stopByMs - clock.monoMs()));
    pipe.close();
    if (waitMs === 0) pipe.destroy();
    const timer = clock.after(waitMs, () => pipe.destroy());
    this.#closing.push(closed.then(() => timer.cancel()));
  }

  async #end(error: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#leave();
    this.#state = { kind: 'over' };
    this.#wake?.cancel();
    this.#connecting.abort();
    await Promise.all(this.#closing);
    this.#ended.resolve(error);
  }
}

function isOfDialogue(output: { readonly kind: string }): output is DialogueOutput {
  return DIALOGUE_KINDS.has(output.kind);
}

const DIALOGUE_KINDS: ReadonlySet<string> = new Set<DialogueOutput['kind']>(['connect', 'send', 'wake', 'end']);
