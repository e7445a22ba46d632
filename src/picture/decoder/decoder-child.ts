/**
 * One decoder child from its start to its end: started, waited for, given one job at a time, killed when a job takes too long.
 * With one job a child, a crash or a hang is the fault of exactly that job's frame.
 *
 *     starting ──ready──▶ idle ◀──answer── busy          ended: missing library, crash, time limit, close
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Clock, Timer } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import { MAX_PICTURE_BYTES, type Picture } from './decoder.ts';
import { parseChildMessage, type ChildMessage, type StillRequest } from './protocol.ts';

export interface DecoderChildOptions {
  readonly clock: Clock;
  /** Loading FFmpeg takes 0.2 s; a machine under load takes longer. */
  readonly startMsMax: number;
  readonly jobMsMax: number;
}

type State =
  | { readonly kind: 'starting'; readonly ready: PromiseWithResolvers<void>; readonly timer: Timer }
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'busy';
      readonly id: number;
      readonly answer: PromiseWithResolvers<Picture>;
      readonly timer: Timer;
    }
  | { readonly kind: 'ended'; readonly error: WeirError };

export class DecoderChild {
  readonly #options: DecoderChildOptions;
  readonly #process: ChildProcess;
  readonly #exited = Promise.withResolvers<void>();
  #state: State;
  #lastId = 0;

  private constructor(options: DecoderChildOptions) {
    this.#options = options;
    // No environment beyond the path: it holds secrets that a child taken over by hostile video must not see. No execArgv: flags of ours are not its.
    this.#process = fork(CHILD_PATH, {
      serialization: 'advanced',
      execArgv: [],
      env: { PATH: process.env['PATH'] ?? '' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = options.clock.after(options.startMsMax, () =>
      this.#end(new WeirError('decoder-timeout', 'The decoder did not start in time')),
    );
    this.#state = { kind: 'starting', ready: Promise.withResolvers(), timer };
    this.#process.on('message', (message) => this.#receive(message));
    this.#process.on('error', (cause) => this.#lost('cannot be started', cause));
    this.#process.on('exit', (code, signal) => {
      this.#exited.resolve();
      this.#lost(`ended with ${signal ?? `exit code ${code}`}`);
    });
  }

  /** Starts a child and waits until it can decode. Throws `decoder-missing` (the library is not there), `decoder-timeout`, `decoder-failed`. */
  static async start(options: DecoderChildOptions): Promise<DecoderChild> {
    const child = new DecoderChild(options);
    if (child.#state.kind === 'ended') throw child.#state.error;
    if (child.#state.kind === 'starting') await child.#state.ready.promise;
    return child;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get usable(): boolean {
    return this.#state.kind === 'idle';
  }

  /** Decodes one frame; the child must be idle. Throws `decoder-timeout` and `decoder-failed`; it may be of no more use then (`usable`). */
  decode(job: Omit<StillRequest, 'kind' | 'id'>): Promise<Picture> {
    if (this.#state.kind !== 'idle') return Promise.reject(new WeirError('decoder-busy', 'The decoder is at work'));
    const id = ++this.#lastId;
    const timer = this.#options.clock.after(this.#options.jobMsMax, () =>
      this.#end(new WeirError('decoder-timeout', `The picture was not decoded within ${this.#options.jobMsMax} ms`)),
    );
    const answer = Promise.withResolvers<Picture>();
    this.#state = { kind: 'busy', id, answer, timer };
    const request: StillRequest = { kind: 'still', id, ...job };
    this.#process.send(request, (cause) => {
      if (cause !== null) this.#lost('cannot be reached', cause);
    });
    return answer.promise;
  }

  /** Ends the process; resolves when it is gone. Idempotent. */
  async close(): Promise<void> {
    this.#end(new WeirError('shutting-down', 'The decoder was closed'));
    await this.#exited.promise;
  }

  #receive(raw: unknown): void {
    const message = parseChildMessage(raw);
    const state = this.#state;
    if (message === undefined) this.#end(new WeirError('decoder-failed', 'The decoder said something unexpected'));
    else if (state.kind === 'starting') this.#started(state, message);
    else if (state.kind === 'busy') this.#answered(state, message);
  }

  #started(state: State & { kind: 'starting' }, message: ChildMessage): void {
    if (message.kind === 'missing')
      return this.#end(new WeirError('decoder-missing', `node-av cannot be loaded: ${message.message}`));
    if (message.kind !== 'ready') return;
    state.timer.cancel();
    this.#state = { kind: 'idle' };
    state.ready.resolve();
  }

  #answered(state: State & { kind: 'busy' }, message: ChildMessage): void {
    if ((message.kind !== 'picture' && message.kind !== 'failed') || message.id !== state.id) return;
    state.timer.cancel();
    this.#state = { kind: 'idle' };
    if (message.kind === 'failed') state.answer.reject(new WeirError('decoder-failed', message.message));
    else if (message.bytes.length > MAX_PICTURE_BYTES)
      state.answer.reject(new WeirError('decoder-failed', 'The picture is too large'));
    else state.answer.resolve({ bytes: message.bytes, width: message.width, height: message.height });
  }

  /** A child that dies before it is ready does so at every start: the library does not fit this machine. */
  #lost(how: string, cause?: unknown): void {
    this.#end(
      new WeirError(this.#state.kind === 'starting' ? 'decoder-missing' : 'decoder-failed', `The decoder ${how}`, {
        cause,
      }),
    );
  }

  /** The end, whatever the cause: who waits is told, the process is killed (it has nothing to save). */
  #end(error: WeirError): void {
    const state = this.#state;
    if (state.kind === 'ended') return;
    this.#state = { kind: 'ended', error };
    if (this.#process.pid === undefined) this.#exited.resolve();
    else this.#process.kill('SIGKILL');
    if (state.kind === 'starting') state.ready.reject(error);
    if (state.kind === 'busy') state.answer.reject(error);
    if (state.kind !== 'idle') state.timer.cancel();
  }
}

const CHILD_PATH = fileURLToPath(new URL('child.ts', import.meta.url));
