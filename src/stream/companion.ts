/**
 * What goes with a stream: its recorder. The stream lives without it: one that cannot be made is asked for again, one that does not end
 * is left to end by itself.
 */
import { within } from '../base/within.ts';
import { WeirError } from '../core/errors.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { StreamSettings } from '../config/settings.ts';
import type { Stream } from './stream.ts';

/** A removed stream waits so long for its companion to end: a disk that hangs holds up nobody else. */
export const COMPANION_END_MS_MAX = 5000;
/** The same when weir ends: who made the companions waits for them next, and the whole has 15 s. */
export const COMPANION_SHUTDOWN_MS_MAX = 1000;
/** So long after a companion could not be made it is asked for again. */
export const COMPANION_AGAIN_MS = 30_000;

/**
 * Why a companion ends. 'settings': the stream goes on, with another companion or none. 'removed': after its source ended, the stream
 * goes. 'unused': the same, but whoever publishes that name again brings it back.
 */
export type CompanionEnd = 'settings' | 'removed' | 'unused';

export interface StreamCompanion {
  /** Resolves when it has ended; never rejects. After 'settings' the next one of the stream may be asked for at once. */
  close(why: CompanionEnd): Promise<void>;
}

/** Makes what goes with a stream, if anything does. May throw a WeirError. */
export type CompanionOf = (stream: Stream, settings: StreamSettings) => StreamCompanion | undefined;

export interface CompanionKeeperOptions {
  readonly stream: Stream;
  readonly companionOf: CompanionOf;
  readonly clock: Clock;
  readonly log: Log;
}

type State =
  | { readonly kind: 'none' }
  | { readonly kind: 'there'; readonly companion: StreamCompanion }
  | { readonly kind: 'missing'; readonly again: Timer };

export class CompanionKeeper {
  readonly #options: CompanionKeeperOptions;
  #state: State = { kind: 'none' };

  constructor(options: CompanionKeeperOptions) {
    this.#options = options;
  }

  /** Asks for the one that these settings want. The one before ends by itself, at the end of the segment in hand: nobody waits for that. */
  begin(settings: StreamSettings): void {
    void this.#take()?.close('settings');
    const { stream, companionOf, clock, log } = this.#options;
    try {
      const companion = companionOf(stream, settings);
      if (companion !== undefined) this.#state = { kind: 'there', companion };
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      log.error({ stream: stream.name, code: error.code, error }, `The stream cannot be recorded: ${error.describe()}`);
      this.#state = { kind: 'missing', again: clock.after(COMPANION_AGAIN_MS, () => this.begin(settings)) };
    }
  }

  /** Ends it, and waits for that `waitMs` at most. */
  async end(why: CompanionEnd, waitMs: number): Promise<void> {
    const companion = this.#take();
    if (companion === undefined) return;
    const { stream, clock, log } = this.#options;
    if (await within(clock, waitMs, companion.close(why))) return;
    log.error(
      { stream: stream.name, code: 'storage-failed' },
      'The recording of a stream that ended is still being written: nobody waits for it',
    );
  }

  #take(): StreamCompanion | undefined {
    const state = this.#state;
    this.#state = { kind: 'none' };
    if (state.kind === 'missing') state.again.cancel();
    return state.kind === 'there' ? state.companion : undefined;
  }
}
