/** Structured log lines: fields first, then a sentence. Secrets are taken out before a line is written (see redact.ts). */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
}

/** Common names: stream, code (of the catalogue), place, peer (address:port), error. */
export type LogFields = Readonly<Record<string, unknown>>;
