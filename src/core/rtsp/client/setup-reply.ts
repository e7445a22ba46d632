/** What a server made of a SETUP: its channels count, not those that were asked for (many answer 8-9, or a single 0). */
import { WeirError } from '../../errors.ts';
import type { RtspResponse } from '../wire/message.ts';
import { parseTransports } from '../wire/transport.ts';
import type { ClientTrack } from './client-io.ts';
import type { PlannedTrack } from './setup-plan.ts';

/** `index` is that of the request: channels 2 × index and 2 × index + 1. Error: `source-refused` for UDP. */
export function setUpTrack(
  planned: PlannedTrack,
  index: number,
  response: RtspResponse,
  label: string,
): ClientTrack | WeirError {
  const transport = parseTransports(response.headers.get('Transport') ?? '')[0];
  // Without '/TCP' and channels it may still be what was asked for; with ports it is not.
  if (transport?.lower === 'UDP' && (transport.serverPort !== undefined || transport.clientPort !== undefined)) {
    return new WeirError('source-refused', 'The source answers SETUP with UDP', {
      place: label,
      expected: 'RTP/AVP/TCP, interleaved',
    });
  }
  const [rtpChannel, rtcpChannel] = transport?.interleaved ?? [2 * index, 2 * index + 1];
  // 0 is what devices write that do not know (H264DVR).
  const ssrc = transport?.ssrc === 0 ? undefined : transport?.ssrc;
  return { format: planned.format, url: planned.url, rtpChannel, rtcpChannel, ssrc };
}
