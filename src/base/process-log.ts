/** The log of the process, on standard error: never waited for, bounded, flushed at the end. */
import { pino } from 'pino';
import { FoldingLog } from './folding-log.ts';
import { SystemClock } from './clock.ts';
import type { Log } from './log.ts';
import { PinoLog } from './pino-log.ts';
import type { LogLevel } from './pino-log.ts';

export interface ProcessLog {
  readonly log: Log;
  /** Writes what is still held, before the process ends. */
  readonly flush: () => void;
}

/** A reader of standard error that stands still costs lines past this, not memory. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** `WEIR_LOG_LEVEL` and `WEIR_LOG_FORMAT` choose; what they do not know falls back to info, and to text on a terminal. */
export function processLog(env: Readonly<Record<string, string | undefined>>): ProcessLog {
  const destination = pino.destination({ fd: 2, sync: false, maxLength: MAX_HELD_BYTES });
  // A closed standard error must not end a server.
  destination.on('error', () => {});
  const log = PinoLog.create({
    level: levelOf(env['WEIR_LOG_LEVEL']),
    format: formatOf(env['WEIR_LOG_FORMAT']),
    write: (line) => void destination.write(line),
  });
  const flush = (): void => flushQuietly(destination);
  process.once('exit', flush);
  return { log: new FoldingLog(log, new SystemClock()), flush };
}

function levelOf(text: string | undefined): LogLevel {
  return text === 'debug' || text === 'warn' || text === 'error' ? text : 'info';
}

function formatOf(text: string | undefined): 'json' | 'text' {
  if (text === 'json' || text === 'text') return text;
  return process.stderr.isTTY ? 'text' : 'json';
}

function flushQuietly(destination: { flushSync(): void }): void {
  try {
    destination.flushSync();
  } catch {
    // Standard error is gone: there is nowhere left to say it.
  }
}
