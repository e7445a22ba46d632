/**
 * Which of the transports that a SETUP lists is taken (RFC 2326 §12.39): the first that we have, RTP interleaved in the RTSP connection
 * (§10.12). Anything else is 461, upon which FFmpeg, GStreamer and live555 ask again for TCP.
 */
import { parseTransports, serialiseTransport, type PortPair, type Transport } from '../wire/transport.ts';
import type { SessionPurpose } from './session-state.ts';

/** Channels of RTP and RTCP in the interleaved stream. */
export type ChannelPair = PortPair;

/** Whether the peer wants media from us or brings it: 'receive' is an old word for 'record' (gsl#5). Undefined: it does not say. */
export function purposeOf(transport: Transport): SessionPurpose | undefined {
  switch (transport.mode) {
    case undefined:
      return undefined;
    case 'record':
    case 'receive':
      return 'record';
    default:
      return 'play';
  }
}

/** The first transport of the header that is served; undefined: 461. */
export function chooseTransport(header: string): Transport | undefined {
  return parseTransports(header).find(isServed);
}

/**
 * The channels for a track: those that were asked for, or, where none were (gsl#246) or they are taken, the lowest even
 * free pair. Undefined if all 256 are taken.
 */
export function assignChannels(
  wanted: ChannelPair | undefined,
  taken: (channel: number) => boolean,
): ChannelPair | undefined {
  if (wanted !== undefined && wanted[0] !== wanted[1] && !taken(wanted[0]) && !taken(wanted[1])) return wanted;
  for (let channel = 0; channel < 256; channel += 2) {
    if (!taken(channel) && !taken(channel + 1)) return [channel, channel + 1];
  }
  return undefined;
}

/** The reply's Transport header. `ssrc`: of the track that a reader gets; a publisher chooses its own. */
export function transportReply(
  chosen: Transport,
  channels: ChannelPair,
  purpose: SessionPurpose,
  ssrc: number | undefined,
): string {
  return serialiseTransport({
    profile: chosen.profile,
    lower: 'TCP',
    cast: 'unicast',
    interleaved: channels,
    mode: purpose,
    ...(ssrc === undefined ? {} : { ssrc }),
  });
}

/** AVPF only allows more feedback (RFC 4585 §3.4), all of which may be ignored. */
function isServed(transport: Transport): boolean {
  const known = transport.profile === 'RTP/AVP' || transport.profile === 'RTP/AVPF';
  return known && transport.lower === 'TCP' && transport.cast === 'unicast';
}
