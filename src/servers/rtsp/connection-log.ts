/** What the log says of one connection's requests and sessions. */
import type { Log } from '../../base/log.ts';
import type { WeirError } from '../../core/errors.ts';
import type { ServerAsk } from '../../core/rtsp/server/server-io.ts';
import type { ServerSession } from '../../core/rtsp/server/session.ts';

export class ConnectionLog {
  readonly #log: Log;
  readonly #peer: string;

  constructor(log: Log, peer: string) {
    this.#log = log;
    this.#peer = peer;
  }

  refused(ask: ServerAsk, error: WeirError): void {
    const { code, row } = error;
    const fields = { peer: this.#peer, stream: streamOf(ask), code, remedy: row.remedy };
    this.#log.info(fields, `Refused to ${ask.kind === 'way' ? 'set up' : ask.kind}: ${error.describe()}`);
  }

  /** The program's own fault. */
  failed(what: ServerAsk['kind'], error: unknown): void {
    this.#log.error({ code: 'internal', peer: this.#peer, error }, `The RTSP request ${what} failed`);
  }

  /** `error`: why we ended it; undefined: it left by itself. */
  left(who: 'A reader' | 'The publisher', { stream }: ServerSession, error: WeirError | undefined): void {
    if (error === undefined) this.#log.info({ peer: this.#peer, stream }, `${who} left`);
    else this.#log.info({ peer: this.#peer, stream, code: error.code }, `${who} left: ${error.describe()}`);
  }

  /** We closed it, and the peer is to blame. */
  closed(error: WeirError): void {
    this.#log.info({ peer: this.#peer, code: error.code }, error.describe());
  }
}

function streamOf(ask: ServerAsk): string {
  switch (ask.kind) {
    case 'describe':
    case 'tracks':
      return ask.stream;
    case 'announce':
      return ask.announcement.stream;
    case 'way':
    case 'play':
    case 'pause':
    case 'record':
    case 'teardown':
    case 'parameters':
      return ask.session.stream;
  }
}
