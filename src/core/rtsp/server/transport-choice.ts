/**
 * Which of the transports that a SETUP lists is taken (RFC 2326 §12.39): the first that is offered here. None: 461, upon which FFmpeg, GStreamer
 * and live555 ask again for another.
 */
import { parseTransports, type PortPair, type Transport } from '../wire/transport.ts';
import type { OfferedWays, WayKind } from './media-way.ts';
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

export interface ChosenTransport {
  readonly transport: Transport;
  readonly kind: WayKind;
}

/** The first transport of the header that is offered; undefined: 461. */
export function chooseTransport(header: string, offered: OfferedWays): ChosenTransport | undefined {
  for (const transport of parseTransports(header)) {
    const kind = wayOf(transport);
    if (kind === undefined) continue;
    if (kind === 'interleaved' || offered[kind]) return { transport, kind };
  }
  return undefined;
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

/** AVPF only allows more feedback (RFC 4585 §3.4), all of which may be ignored. Without ports there is nowhere to send to. */
function wayOf(transport: Transport): WayKind | undefined {
  if (transport.profile !== 'RTP/AVP' && transport.profile !== 'RTP/AVPF') return undefined;
  if (transport.cast === 'multicast') return transport.lower === 'UDP' ? 'multicast' : undefined;
  if (transport.lower === 'TCP') return 'interleaved';
  return transport.clientPort === undefined ? undefined : 'udp';
}
