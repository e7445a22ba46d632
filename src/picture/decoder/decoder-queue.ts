/**
 * Orders decoding: so many jobs at work, so many waiting, the oldest first, none for a client that left. Asks the providers in
 * their order, the next one where the one before is not installed.
 */
import { WeirError } from '../../core/errors.ts';
import {
  MAX_JOB_BYTES,
  MAX_PIXELS,
  stillCodecOf,
  type DecodeProvider,
  type Decoder,
  type Picture,
  type StillJob,
} from './decoder.ts';

export interface DecoderQueueOptions {
  readonly providers: readonly DecodeProvider[];
  /** Jobs at work at a time. */
  readonly atWorkMax: number;
  readonly waitingMax?: number;
}

/** At 40 ms a picture the last of them waits 2.5 s on one core. */
const WAITING_MAX = 64;

export class DecoderQueue implements Decoder {
  readonly #options: DecoderQueueOptions;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #atWork = 0;
  #closed = false;

  constructor(options: DecoderQueueOptions) {
    this.#options = options;
  }

  async still(job: StillJob, signal: AbortSignal): Promise<Picture> {
    checkSize(job);
    stillCodecOf(job);
    await this.#turn(signal);
    try {
      return await this.#decode(job);
    } finally {
      this.#next();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const turn of this.#waiting.splice(0)) turn.reject(closedError());
    await Promise.all(this.#options.providers.map((provider) => provider.close()));
  }

  /** Resolves when this job may work; it is counted then. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw closedError();
    if (this.#atWork < this.#options.atWorkMax) this.#atWork++;
    else await this.#wait(signal);
  }

  /** Hands the place of a finished job to the one that has waited longest. */
  #next(): void {
    const turn = this.#waiting.shift();
    if (turn === undefined) this.#atWork--;
    else turn.resolve();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { waitingMax = WAITING_MAX } = this.#options;
    if (this.#waiting.length >= waitingMax)
      throw new WeirError('decoder-busy', `${waitingMax} pictures wait to be decoded`);
    const turn = Promise.withResolvers<void>();
    const leave = (): void => {
      const at = this.#waiting.indexOf(turn);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      turn.reject(signal.reason);
    };
    this.#waiting.push(turn);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  async #decode(job: StillJob): Promise<Picture> {
    let missing: WeirError | undefined;
    for (const provider of this.#options.providers) {
      try {
        return await provider.decode(job);
      } catch (error) {
        if (!(error instanceof WeirError) || error.code !== 'decoder-missing') throw error;
        missing = error;
      }
    }
    throw missing ?? new WeirError('decoder-missing', 'No decoder is configured');
  }
}

/** What a hostile stream could make a decoder allocate is refused before it sees it. */
function checkSize(job: StillJob): void {
  const { shape, codec, parameterSets } = job.parameters;
  if (shape.media !== 'video') throw new WeirError('codec-unsupported', `${codec} is no video`);
  if (shape.width < 1 || shape.height < 1 || shape.width * shape.height > MAX_PIXELS) {
    throw new WeirError('codec-unsupported', `A frame of ${shape.width} × ${shape.height} pixels is not decoded`, {
      expected: `at most ${MAX_PIXELS} pixels`,
    });
  }
  let bytes = 0;
  for (const nal of [...parameterSets, ...job.nals]) bytes += nal.length;
  if (bytes > MAX_JOB_BYTES)
    throw new WeirError('decoder-failed', `A key frame of ${bytes} bytes is not decoded`, {
      expected: `at most ${MAX_JOB_BYTES} bytes`,
    });
}

function closedError(): WeirError {
  return new WeirError('shutting-down', 'weir is shutting down');
}
