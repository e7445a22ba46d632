/** The log of a running weir, by pino: a JSON object a line, or text for eyes. Secrets leave every line. */
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Log, LogFields } from './log.ts';
import { redactFields } from './redact-fields.ts';
import { redactText } from './redact.ts';
import { textLine } from './text-line.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface PinoLogOptions {
  readonly level: LogLevel;
  /** 'text' for terminals, 'json' for everything that collects. */
  readonly format: 'json' | 'text';
  /** Takes a line with its newline. */
  readonly write: (line: string) => void;
}

export class PinoLog implements Log {
  readonly #logger: Logger;

  private constructor(logger: Logger) {
    this.#logger = logger;
  }

  static create(options: PinoLogOptions): PinoLog {
    const { write } = options;
    const destination = { write: options.format === 'json' ? write : (line: string) => write(textLine(line)) };
    const logger = pino(
      {
        level: options.level,
        base: null,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (level) => ({ level }) },
      },
      destination,
    );
    return new PinoLog(logger);
  }

  debug(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('debug')) this.#logger.debug(redactFields(fields), redactText(message));
  }

  info(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('info')) this.#logger.info(redactFields(fields), redactText(message));
  }

  warn(fields: LogFields, message: string): void {
    if (this.#logger.isLevelEnabled('warn')) this.#logger.warn(redactFields(fields), redactText(message));
  }

  error(fields: LogFields, message: string): void {
    this.#logger.error(redactFields(fields), redactText(message));
  }

  child(fields: LogFields): Log {
    return new PinoLog(this.#logger.child(redactFields(fields)));
  }
}
