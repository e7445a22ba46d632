/** What went wrong, for whoever runs the source. `label`: the URL as it may be shown. */
import { WeirError, type ErrorCode } from '../../errors.ts';
import type { RtspResponse } from '../wire/message.ts';
import type { Unanswerable } from '../digest/login.ts';
import type { ClientTimeouts, MediaWay } from './client-io.ts';

const MAX_REASON_CHARACTERS = 60;
const WAYS: Readonly<Record<MediaWay, readonly [name: string, transport: string]>> = {
  tcp: ['TCP', 'RTP/AVP/TCP, interleaved'],
  udp: ['UDP', 'RTP/AVP, unicast'],
  multicast: ['multicast', 'RTP/AVP, multicast'],
};

/** A refusal, by its status. `way`: how media was asked for, of a SETUP. */
export function responseError(method: string, response: RtspResponse, label: string, way?: MediaWay): WeirError {
  const { status, reason } = response;
  if (status === 461 && way !== undefined) {
    const [name, expected] = WAYS[way];
    return new WeirError('source-refused', `The source does not send over ${name} (461)`, { place: label, expected });
  }
  const message = `The source answered ${method} with ${status} ${reason.slice(0, MAX_REASON_CHARACTERS)}`.trim();
  return new WeirError(codeOf(status), message, { place: label });
}

export function unauthorizedError(why: Unanswerable, label: string): WeirError {
  switch (why) {
    case 'no-credentials':
      return new WeirError('source-unauthorized', 'The source asks for a user name and password', { place: label });
    case 'refused':
      return new WeirError('source-unauthorized', 'The source refuses the user name or password', { place: label });
    case 'unknown-scheme': {
      const message = 'The source asks for a kind of authentication that is not known';
      return new WeirError('source-unauthorized', message, {
        place: label,
        expected: 'Digest with MD5 or SHA-256, or Basic',
      });
    }
  }
}

/** `playing`: it sent media before. `tried`: by which ways. */
export function silentError(playing: boolean, timeouts: ClientTimeouts, tried: string, label: string): WeirError {
  const message = playing
    ? `No media for ${timeouts.idleMs} ms`
    : `No media within ${timeouts.firstByteMs} ms of PLAY, over ${tried}`;
  return new WeirError('source-silent', message, { place: label });
}

export function noAnswerError(method: string | undefined, waitedMs: number, label: string): WeirError {
  return new WeirError('source-timeout', `No answer to ${method ?? 'the request'} within ${waitedMs} ms`, {
    place: label,
  });
}

export function protocolError(cause: WeirError, label: string): WeirError {
  return new WeirError('source-protocol', cause.describe(), { place: label, cause });
}

export function closedError(openMethod: string | undefined, label: string): WeirError {
  const when = openMethod === undefined ? '' : ` instead of answering ${openMethod}`;
  return new WeirError('source-closed', `The source closed the connection${when}`, { place: label });
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'source-unauthorized';
  if (status === 404 || status === 410) return 'source-not-found';
  return 'source-refused';
}
