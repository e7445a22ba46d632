/** How a command of the command line tells what it did, and how it is told to stop. */
import { createHash, randomInt } from 'node:crypto';
import { WeirError } from '../core/errors.ts';
import type { HashAlgorithm } from '../core/rtsp/digest/challenge.ts';
import { redactText } from '../base/redact.ts';

/** 0 done, 1 failed, 2 usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** An error as a person reads it: what, where, and what to do. */
export function errorText(error: WeirError): string {
  return redactText(`weir: ${error.row.title} (${error.code})\n${error.describe()}\n${error.row.remedy}`);
}

/** Runs a command; what it throws of the catalogue is said on standard error. */
export async function withErrorsSaid(command: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    console.error(errorText(error));
    return error.code.startsWith('config-') || error.code === 'source-url-invalid' ? 2 : 1;
  }
}

/** Who passes signals on (timeout, npm) sends one that the terminal sent too: that is no second one. */
export const SAME_SIGNAL_MS = 500;

/** Aborts at Ctrl-C and SIGTERM; a second signal ends the process at once. Dispose to let go of the signals. */
export class StopSignal implements Disposable {
  readonly #controller = new AbortController();
  #firstMs: number | undefined;
  readonly #onSignal = (): void => {
    this.#firstMs ??= performance.now();
    if (performance.now() - this.#firstMs > SAME_SIGNAL_MS) process.exit(1);
    this.#controller.abort();
  };

  constructor() {
    process.on('SIGINT', this.#onSignal);
    process.on('SIGTERM', this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onSignal);
    process.off('SIGTERM', this.#onSignal);
  }
}

export function hash(algorithm: HashAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
}

/** In [0, 1), unguessable. */
export function random(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
