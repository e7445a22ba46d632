/** What goes wrong with the media of a source that is pulled. `label`: the URL as it may be shown. */
import { WeirError } from '../../errors.ts';
import type { RtspResponse } from '../wire/message.ts';
import type { ClientTimeouts, MediaWay } from './client-io.ts';
import { DialogueErrors } from './dialogue-errors.ts';

const WAYS: Readonly<Record<MediaWay, readonly [name: string, transport: string]>> = {
  tcp: ['TCP', 'RTP/AVP/TCP, interleaved'],
  udp: ['UDP', 'RTP/AVP, unicast'],
  multicast: ['multicast', 'RTP/AVP, multicast'],
};

/** A refused SETUP. `way`: how media was asked for. */
export function setupError(response: RtspResponse, label: string, way: MediaWay): WeirError {
  const errors = new DialogueErrors('source', label);
  if (response.status !== 461) return errors.response('SETUP', response);
  const [name, expected] = WAYS[way];
  return errors.refused(`does not send over ${name} (461)`, { expected });
}

/** `playing`: it sent media before. `tried`: by which ways. */
export function silentError(playing: boolean, timeouts: ClientTimeouts, tried: string, label: string): WeirError {
  const message = playing
    ? `No media for ${timeouts.idleMs} ms`
    : `No media within ${timeouts.firstByteMs} ms of PLAY, over ${tried}`;
  return new WeirError('source-silent', message, { place: label });
}
