/**
 * Decoder children, started when they are first needed and ended when they have been idle for a while (a child holds 120 MB).
 * As many run as the queue has jobs at work: the queue bounds them.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { WeirError } from '../../core/errors.ts';
import { DecoderChild } from './decoder-child.ts';
import { MAX_PIXELS, stillCodecOf, type DecodeProvider, type Picture, type StillJob } from './decoder.ts';
import { annexB } from './protocol.ts';

export interface ChildPoolOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly startMsMax?: number;
  readonly jobMsMax?: number;
  readonly idleMsMax?: number;
}

const START_MS_MAX = 10_000;
/** A picture takes 40 ms (1080p); one that takes longer than this is hostile, or the machine is lost anyway. */
const JOB_MS_MAX = 5000;
const IDLE_MS_MAX = 60_000;
const MISSING_MS = 60_000;

export class ChildPool implements DecodeProvider {
  readonly #options: ChildPoolOptions;
  /** Most recently used last: the pool shrinks from the front when fewer are needed. */
  readonly #idle: { readonly child: DecoderChild; readonly stop: Timer }[] = [];
  readonly #children = new Set<DecoderChild>();
  readonly #starting = new Set<Promise<DecoderChild>>();
  /** The library is known to be missing, and is looked for again after this time. */
  #missing: { readonly error: WeirError; readonly untilMs: number } | undefined;
  #closed = false;

  constructor(options: ChildPoolOptions) {
    this.#options = options;
  }

  /** Process ids of the children that can decode or are decoding. */
  get pids(): readonly number[] {
    return [...this.#children].flatMap((child) => child.pid ?? []);
  }

  async decode(job: StillJob): Promise<Picture> {
    const codec = stillCodecOf(job);
    const child = await this.#take();
    try {
      return await child.decode({
        codec,
        bytes: annexB([...job.parameters.parameterSets, ...job.nals]),
        aspect: job.parameters.shape.media === 'video' ? job.parameters.shape.aspect : [1, 1],
        width: job.width,
        pixelsMax: MAX_PIXELS,
      });
    } finally {
      this.#release(child);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { stop } of this.#idle.splice(0)) stop.cancel();
    await Promise.allSettled([...this.#starting].map(async (starting) => (await starting).close()));
    await Promise.all([...this.#children].map((child) => child.close()));
    this.#children.clear();
  }

  async #take(): Promise<DecoderChild> {
    for (let entry = this.#idle.pop(); entry !== undefined; entry = this.#idle.pop()) {
      entry.stop.cancel();
      if (entry.child.usable) return entry.child;
      this.#children.delete(entry.child);
    }
    if (this.#missing !== undefined && this.#options.clock.monoMs() < this.#missing.untilMs) throw this.#missing.error;
    return this.#start();
  }

  async #start(): Promise<DecoderChild> {
    if (this.#closed) throw new WeirError('shutting-down', 'The decoder was closed');
    const { clock, startMsMax = START_MS_MAX, jobMsMax = JOB_MS_MAX } = this.#options;
    const starting = DecoderChild.start({ clock, startMsMax, jobMsMax });
    this.#starting.add(starting);
    try {
      const child = await starting;
      this.#children.add(child);
      this.#options.log.debug({ pid: child.pid }, 'decoder child started');
      return child;
    } catch (error) {
      if (error instanceof WeirError && error.code === 'decoder-missing') {
        this.#options.log.warn({ code: error.code, error: error.message }, 'no decoder in a child process');
        this.#missing = { error, untilMs: clock.monoMs() + MISSING_MS };
      }
      throw error;
    } finally {
      this.#starting.delete(starting);
    }
  }

  #release(child: DecoderChild): void {
    if (this.#closed) return;
    if (!child.usable) {
      this.#children.delete(child);
      this.#options.log.warn({ pid: child.pid }, 'decoder child lost, another starts when it is needed');
      return;
    }
    const entry = {
      child,
      stop: this.#options.clock.after(this.#options.idleMsMax ?? IDLE_MS_MAX, () => this.#stop(entry)),
    };
    this.#idle.push(entry);
  }

  #stop(entry: { readonly child: DecoderChild; readonly stop: Timer }): void {
    const at = this.#idle.indexOf(entry);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.#children.delete(entry.child);
    void entry.child.close();
  }
}
