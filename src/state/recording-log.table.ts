import type { Log, LogFields } from '../base/log.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

/** A log that keeps its lines for a test to look at. */
export function recordingLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const make = (bound: LogFields): Log => {
    const line =
      (level: LogLine['level']) =>
      (fields: LogFields, message: string): void =>
        void lines.push({ level, fields: { ...bound, ...fields }, message });
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return { log: make({}), lines };
}
