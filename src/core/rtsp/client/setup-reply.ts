/**
 * SETUP's Transport header, asked and answered. What a server made of it counts, not what was asked for: many answer other channels than asked
 * (8-9, or a single 0), some TCP to a SETUP with UDP, some a group to a unicast one.
 */
import { WeirError } from '../../errors.ts';
import { isMulticast } from '../../sdp/multicast-address.ts';
import type { RtspResponse } from '../wire/message.ts';
import { parseTransports, serialiseTransport, type PortPair, type Transport } from '../wire/transport.ts';
import type { ClientTrack, Delivery, MediaWay } from './client-io.ts';
import type { PlannedTrack } from './setup-plan.ts';

/** What a SETUP asks for; a group and its ports are the server's to choose. */
export type Asked =
  | { readonly way: 'tcp' }
  | { readonly way: 'udp'; readonly ports: PortPair }
  | { readonly way: 'multicast' };

/** `index` is that of the planned track: over TCP it asks for channels 2 × index and 2 × index + 1. */
export function transportHeader(asked: Asked, index: number): string {
  switch (asked.way) {
    case 'tcp':
      return serialiseTransport({ ...UNICAST, lower: 'TCP', interleaved: channelsOf(index) });
    case 'udp':
      return serialiseTransport({ ...UNICAST, lower: 'UDP', clientPort: asked.ports });
    case 'multicast':
      return serialiseTransport({ profile: 'RTP/AVP', lower: 'UDP', cast: 'multicast' });
    default:
      return asked satisfies never;
  }
}

/** Error: `source-refused` for a way that we cannot take. */
export function setUpTrack(
  planned: PlannedTrack,
  index: number,
  asked: MediaWay,
  response: RtspResponse,
  label: string,
): ClientTrack | WeirError {
  const transport = parseTransports(response.headers.get('Transport') ?? '')[0];
  const delivery = deliveryOf(transport, planned, index, asked);
  if (delivery === undefined) {
    const what = transport?.cast === 'multicast' ? 'multicast' : 'UDP';
    return new WeirError('source-refused', `The source answers SETUP with ${what}`, {
      place: label,
      expected: asked === 'tcp' ? 'RTP/AVP/TCP, interleaved' : transportHeader({ way: 'multicast' }, index),
    });
  }
  // 0 is what devices write that do not know (H264DVR).
  const ssrc = transport?.ssrc === 0 ? undefined : transport?.ssrc;
  return { format: planned.format, url: planned.url, delivery, ssrc };
}

const UNICAST = { profile: 'RTP/AVP', cast: 'unicast' } as const;

/** Undefined: it wants to send to ports that we have not, or to a group that it does not name. */
function deliveryOf(
  transport: Transport | undefined,
  planned: PlannedTrack,
  index: number,
  asked: MediaWay,
): Delivery | undefined {
  // What was asked for in the connection, which may be encrypted, is not taken from anywhere else.
  if (transport?.cast === 'multicast') return asked === 'tcp' ? undefined : toGroup(transport, planned, index);
  // Without '/TCP' and channels it may still be what was asked for; with ports it is not.
  const names = transport?.serverPort !== undefined || transport?.clientPort !== undefined;
  if (transport?.lower === 'TCP' || (asked === 'tcp' && !(transport?.lower === 'UDP' && names))) {
    const [rtpChannel, rtcpChannel] = transport?.interleaved ?? channelsOf(index);
    return { kind: 'interleaved', rtpChannel, rtcpChannel };
  }
  if (asked === 'udp') return { kind: 'udp', track: index, serverPorts: usable(transport?.serverPort) };
  return asked === 'multicast' && transport === undefined ? toGroup(undefined, planned, index) : undefined;
}

/** What the reply leaves out, the description may say (c=, m=: RFC 2326 §C.1.4). */
function toGroup(transport: Transport | undefined, planned: PlannedTrack, index: number): Delivery | undefined {
  const group = [transport?.destination, planned.group].find(
    (address) => address !== undefined && isMulticast(address),
  );
  const ports = usable(transport?.port) ?? usable(transport?.clientPort) ?? usable(planned.groupPorts);
  return group === undefined || ports === undefined ? undefined : { kind: 'multicast', track: index, group, ports };
}

/** Devices that do not know write 0 (OpenIPC); nothing can be sent to half a pair either. */
function usable(ports: PortPair | undefined): PortPair | undefined {
  return ports === undefined || ports.includes(0) ? undefined : ports;
}

function channelsOf(index: number): PortPair {
  return [2 * index, 2 * index + 1];
}
