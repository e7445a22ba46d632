/** What goes wrong in any client session, in the words and codes of its side: a source that is pulled, a server that is pushed to. */
import { WeirError, type ErrorCode, type ErrorDetail } from '../../errors.ts';
import type { Unanswerable } from './client-login.ts';
import type { RtspResponse } from '../wire/message.ts';

export type DialogueSide = 'source' | 'push';

interface Words {
  readonly peer: string;
  readonly refused: ErrorCode;
  readonly unauthorized: ErrorCode;
  readonly missing: ErrorCode;
  readonly timeout: ErrorCode;
  readonly protocol: ErrorCode;
  readonly closed: ErrorCode;
}

const WORDS: Readonly<Record<DialogueSide, Words>> = {
  source: {
    peer: 'source',
    refused: 'source-refused',
    unauthorized: 'source-unauthorized',
    missing: 'source-not-found',
    timeout: 'source-timeout',
    protocol: 'source-protocol',
    closed: 'source-closed',
  },
  push: {
    peer: 'server',
    refused: 'push-refused',
    unauthorized: 'push-unauthorized',
    missing: 'push-refused',
    timeout: 'push-failed',
    protocol: 'push-failed',
    closed: 'push-failed',
  },
};

const MAX_REASON_CHARACTERS = 60;

export class DialogueErrors {
  readonly #words: Words;
  readonly #label: string;

  /** `label`: the URL as it may be shown, the place of each. */
  constructor(side: DialogueSide, label: string) {
    this.#words = WORDS[side];
    this.#label = label;
  }

  /** A refusal, by its status. */
  response(method: string, { status, reason }: RtspResponse): WeirError {
    const said = `${status} ${reason.slice(0, MAX_REASON_CHARACTERS)}`.trim();
    return this.#error(this.#codeOf(status), `The ${this.#words.peer} answered ${method} with ${said}`);
  }

  /** `does`: what follows 'The source' or 'The server'. */
  refused(does: string, detail: Omit<ErrorDetail, 'place'> = {}): WeirError {
    return this.#error(this.#words.refused, `The ${this.#words.peer} ${does}`, detail);
  }

  protocol(does: string, detail: Omit<ErrorDetail, 'place'> = {}): WeirError {
    return this.#error(this.#words.protocol, `The ${this.#words.peer} ${does}`, detail);
  }

  unreadable(cause: WeirError): WeirError {
    return this.protocol(`sends what cannot be read: ${cause.describe()}`, { cause });
  }

  unauthorized(why: Unanswerable): WeirError {
    const { peer, unauthorized } = this.#words;
    switch (why) {
      case 'no-credentials':
        return this.#error(unauthorized, `The ${peer} asks for a user name and password`);
      case 'refused':
        return this.#error(unauthorized, `The ${peer} refuses the user name or password`);
      case 'unknown-scheme':
        return this.#error(unauthorized, `The ${peer} asks for a kind of authentication that is not known`, {
          expected: 'Digest with MD5 or SHA-256, or Basic',
        });
    }
  }

  noAnswer(method: string | undefined, waitedMs: number): WeirError {
    return this.#error(this.#words.timeout, `No answer to ${method ?? 'the request'} within ${waitedMs} ms`);
  }

  /** `openMethod`: what it should have answered instead. */
  closed(openMethod: string | undefined): WeirError {
    const when = openMethod === undefined ? '' : ` instead of answering ${openMethod}`;
    return this.#error(this.#words.closed, `The ${this.#words.peer} closed the connection${when}`);
  }

  #codeOf(status: number): ErrorCode {
    const { unauthorized, missing, refused } = this.#words;
    if (status === 401 || status === 403) return unauthorized;
    return status === 404 || status === 410 ? missing : refused;
  }

  #error(code: ErrorCode, message: string, detail: Omit<ErrorDetail, 'place'> = {}): WeirError {
    return new WeirError(code, message, { ...detail, place: this.#label });
  }
}
