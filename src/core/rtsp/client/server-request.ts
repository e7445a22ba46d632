/** Answers what a server asks of its client (RFC 2326 §10): with the request's own CSeq, 200 or 501 (go2rtc, FFmpeg do the same). */
import type { TrackFormat } from '../../codec/track-format.ts';
import { WeirError } from '../../errors.ts';
import { parseSdp } from '../../sdp/parse-sdp.ts';
import { sdpTracks } from '../../sdp/sdp-tracks.ts';
import { RtspHeaders } from '../wire/headers.ts';
import type { RtspRequest } from '../wire/message.ts';
import { echoed } from '../wire/parse-head.ts';
import { serialiseResponse } from '../wire/serialise.ts';

type Format = Omit<TrackFormat, 'parameters'>;

/** `formats`: the tracks of the session, for an ANNOUNCE of a changed description. */
export function answerServerRequest(request: RtspRequest, formats: readonly Format[]): Uint8Array {
  const status = isFine(request, formats) ? 200 : 501;
  const copied = (['CSeq', 'Session'] as const).flatMap((name): (readonly [string, string])[] => {
    const value = echoed(request.headers, name);
    return value === undefined ? [] : [[name, value]];
  });
  const own: (readonly [string, string])[] =
    request.method === 'OPTIONS' ? [['Public', 'OPTIONS, GET_PARAMETER, SET_PARAMETER, REDIRECT']] : [];
  return serialiseResponse({ status, headers: new RtspHeaders([...copied, ...own]) });
}

function isFine(request: RtspRequest, formats: readonly Format[]): boolean {
  switch (request.method) {
    case 'OPTIONS':
    case 'REDIRECT':
      return true;
    case 'GET_PARAMETER':
    case 'SET_PARAMETER':
      return request.body.length === 0;
    case 'ANNOUNCE':
      return stillFits(request.body, formats);
    default:
      return false;
  }
}

/** Whether each track of the session is still described, with the same encoding: parameter sets may change, in-band they count. */
function stillFits(body: Uint8Array, formats: readonly Format[]): boolean {
  const description = parseSdp(body);
  if (description instanceof WeirError) return false;
  const announced = sdpTracks(description).tracks.map(({ format }) => `${format.encoding}/${format.clockRate}`);
  return formats.every(({ encoding, clockRate }) => announced.includes(`${encoding}/${clockRate}`));
}
