/** What a refusal means for whoever runs the source. */
import { WeirError, type ErrorCode } from '../../errors.ts';
import type { RtspResponse } from '../wire/message.ts';

export function responseError(method: string, response: RtspResponse, label: string): WeirError {
  const { status, reason } = response;
  const shown = reason.length > 60 ? `${reason.slice(0, 60)}…` : reason;
  if (status === 461) {
    return new WeirError('source-refused', 'The source does not send over TCP (461)', {
      place: label,
      expected: 'RTP/AVP/TCP, interleaved',
    });
  }
  return new WeirError(codeOf(status), `The source answered ${method} with ${status} ${shown}`.trim(), {
    place: label,
  });
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'source-unauthorized';
  if (status === 404 || status === 410) return 'source-not-found';
  return 'source-refused';
}
