/**
 * Folds floods: of lines that say the same of the same thing (what a child was given, stream, storage, code), the first is written at
 * once, the rest of that second is counted and written as one. What is lost is never silent and never a thousand lines.
 */
import type { Clock } from './clock.ts';
import type { Log, LogFields } from './log.ts';

export const FOLD_MS = 1000;
/** Different lines watched at once; past it lines go through as they are. */
const MAX_FOLDS = 1000;

/** Fields of a line that say what it is about; the others (counts, times, errors) differ from line to line of one flood. */
const NAMING = ['stream', 'storage', 'code'];

type Level = 'debug' | 'info' | 'warn' | 'error';

export class FoldingLog implements Log {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #folds: Map<string, Fold>;
  /** Tells lines of different children apart. */
  readonly #scope: string;

  constructor(log: Log, clock: Clock, folds = new Map<string, Fold>(), scope = '') {
    this.#log = log;
    this.#clock = clock;
    this.#folds = folds;
    this.#scope = scope;
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message);
  }

  child(fields: LogFields): Log {
    const given = Object.entries(fields).map(([name, value]) => `${name}=${textOf(value)}|`);
    const scope = this.#scope + given.join('');
    return new FoldingLog(this.#log.child(fields), this.#clock, this.#folds, scope);
  }

  #write(level: Level, fields: LogFields, message: string): void {
    const key = `${this.#scope}${level}|${NAMING.map((name) => textOf(fields[name])).join('|')}|${message}`;
    const fold = this.#folds.get(key);
    if (fold !== undefined) {
      fold.repeated++;
      fold.log = this.#log;
      fold.fields = fields;
      return;
    }
    this.#log[level](fields, message);
    if (this.#folds.size < MAX_FOLDS) this.#watch(key, level, message);
  }

  #watch(key: string, level: Level, message: string): void {
    const fold: Fold = { repeated: 0, log: this.#log, fields: {} };
    this.#folds.set(key, fold);
    this.#clock.after(FOLD_MS, () => {
      this.#folds.delete(key);
      if (fold.repeated > 0) fold.log[level]({ ...fold.fields, repeated: fold.repeated }, message);
      // A flood that goes on is folded again, not let through once more in between.
      if (fold.repeated > 0) this.#watch(key, level, message);
    });
  }
}

interface Fold {
  repeated: number;
  /** Both of the newest line. */
  log: Log;
  fields: LogFields;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
