/**
 * Which track a frame belongs to: by channel first; where a device uses one channel for several tracks, by payload type (UniFi and Bosch use
 * one payload type in two sections, so never by that first). RTCP on the RTP channel is told by its packet type, unless the description
 * gives the track that very payload type.
 */
import { isRtcp } from '../../rtcp/packet.ts';

export interface Routed {
  readonly track: number;
  readonly kind: 'rtp' | 'rtcp';
}

interface Route extends Routed {
  readonly payloadType: number;
}

export class ChannelMap {
  readonly #routes = new Map<number, readonly Route[]>();

  add(track: number, payloadType: number, rtpChannel: number, rtcpChannel: number): void {
    this.#append(rtpChannel, { track, kind: 'rtp', payloadType });
    if (rtcpChannel !== rtpChannel) this.#append(rtcpChannel, { track, kind: 'rtcp', payloadType });
  }

  get channels(): ReadonlySet<number> {
    return new Set(this.#routes.keys());
  }

  /** 'unknown-channel': never set up; 'not-rtp': not the first bytes of RTP or RTCP. */
  find(channel: number, packet: Uint8Array): Routed | 'unknown-channel' | 'not-rtp' {
    const routes = this.#routes.get(channel);
    if (routes === undefined) return 'unknown-channel';
    const second = packet[1];
    if (second === undefined || (packet[0] ?? 0) >> 6 !== 2) return 'not-rtp';
    const route = routes.length === 1 ? routes[0] : routes.find((entry) => entry.payloadType === (second & 0x7f));
    const chosen = route ?? routes[0];
    if (chosen === undefined) return 'unknown-channel';
    const stray = chosen.kind === 'rtp' && isRtcp(packet) && chosen.payloadType !== (second & 0x7f);
    return stray ? { track: chosen.track, kind: 'rtcp' } : chosen;
  }

  #append(channel: number, route: Route): void {
    this.#routes.set(channel, [...(this.#routes.get(channel) ?? []), route]);
  }
}
