/**
 * Time and timers, passed in wherever behaviour depends on them, so that tests can turn the clock.
 * Monotonic milliseconds order and measure; UTC milliseconds name moments.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never steps, has a fraction. */
  monoMs(): number;
  /** Whole milliseconds since 1970 by the system clock: steps where that is set, forwards or back. */
  utcMs(): number;
  /** Calls once after `ms`. Does not keep the process alive. */
  after(ms: number, call: () => void): Timer;
  /** Calls every `ms` until cancelled. Does not keep the process alive. */
  every(ms: number, call: () => void): Timer;
  /** Calls once after the sockets were looked at (a few dozen datagrams of each are taken then), before any other timer. */
  afterReading(call: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}

export class SystemClock implements Clock {
  monoMs(): number {
    return performance.now();
  }

  utcMs(): number {
    return Date.now();
  }

  after(ms: number, call: () => void): Timer {
    const timer = setTimeout(call, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  }

  every(ms: number, call: () => void): Timer {
    const timer = setInterval(call, ms).unref();
    return { cancel: () => clearInterval(timer) };
  }

  afterReading(call: () => void): Timer {
    const immediate = setImmediate(call).unref();
    return { cancel: () => clearImmediate(immediate) };
  }
}

/** Resolves after `ms`, or at once when the signal aborts (it never rejects: look at the signal). */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal?.aborted === true) return Promise.resolve();
  const done = (): void => {
    timer.cancel();
    signal?.removeEventListener('abort', done);
    resolve();
  };
  const timer = clock.after(ms, done);
  signal?.addEventListener('abort', done);
  return promise;
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
