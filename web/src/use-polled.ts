import { useEffect, useState } from 'preact/hooks';

export interface Polled<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
}

/** Asks now and every `everyMs` after an answer came; `keys` say when the question is another one. Keeps the last value on an error. */
export function usePolled<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  everyMs: number,
  keys: readonly unknown[],
): Polled<T> {
  const [polled, setPolled] = useState<Polled<T>>({ value: undefined, error: undefined });
  useEffect(() => {
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const turn = async (): Promise<void> => {
      try {
        const value = await ask(control.signal);
        if (!control.signal.aborted) setPolled({ value, error: undefined });
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        if (!control.signal.aborted) setPolled((before) => ({ value: before.value, error: text }));
      }
      if (!control.signal.aborted) timer = setTimeout(() => void turn(), everyMs);
    };
    void turn();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, keys);
  return polled;
}
