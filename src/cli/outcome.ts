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

/** Aborts at Ctrl-C and SIGTERM; the second signal ends the process at once. Dispose to let go of the signals. */
export class StopSignal implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = (): void => {
    if (this.#controller.signal.aborted) process.exit(1);
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
