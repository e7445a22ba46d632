/** The UDP sockets of one RTSP server: the readers' pair, and what groups are sent from. */
import { isIPv6 } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { MulticastSettings, UdpSettings } from '../../config/settings.ts';
import type { WeirError } from '../../core/errors.ts';
import { bindUdp, bindUdpPair, bindUdpPairAt, groupError } from '../../net/udp.ts';
import { MulticastGroups } from './multicast-groups.ts';
import type { UdpParts } from './media-ways.ts';
import type { ReaderTotals } from './reader-totals.ts';
import { UdpReaders } from './udp-readers.ts';

export interface DatagramOptions {
  /** Where RTSP listens. */
  readonly host: string;
  /** Undefined: not offered. */
  readonly udp: UdpSettings | undefined;
  readonly multicast: MulticastSettings | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly totals: ReaderTotals;
  readonly cname: string;
}

export interface DatagramPorts {
  readonly udp: UdpParts | undefined;
  readonly multicast: MulticastGroups | undefined;
  close(): Promise<void>;
}

/** Errors: `port-in-use`, `listen-refused`. */
export async function openDatagramPorts(options: DatagramOptions): Promise<DatagramPorts> {
  const udp = await openUdp(options);
  try {
    const multicast = await openMulticast(options);
    const close = async (): Promise<void> => {
      await Promise.all([udp?.readers.close(), multicast?.close()]);
    };
    return { udp, multicast, close };
  } catch (error) {
    await udp?.readers.close();
    throw error;
  }
}

async function openUdp({ host, udp }: DatagramOptions): Promise<UdpParts | undefined> {
  if (udp === undefined) return undefined;
  const pair = await (udp.port === 0 ? bindUdpPair(host) : bindUdpPairAt(host, udp.port));
  return { host, readers: new UdpReaders(pair), publisherPorts: udp.publisherPorts };
}

async function openMulticast(options: DatagramOptions): Promise<MulticastGroups | undefined> {
  const { host, multicast, clock, log, cname, totals } = options;
  if (multicast === undefined) return undefined;
  // Groups are IPv4. A server that listens on one address sends from its interface.
  const anywhere = isIPv6(host) || host === '0.0.0.0';
  const { ttl } = multicast;
  const from = anywhere ? { host: '0.0.0.0' } : { host, interfaceHost: host };
  const socket = await bindUdp({ ...from, port: 0, multicastTtl: ttl });
  const groupRouteError = (address: string): Promise<WeirError | undefined> =>
    groupError({ ...from, port: 0 }, { host: address, port: multicast.port });
  return new MulticastGroups({
    ...multicast,
    socket,
    routeError: groupRouteError,
    clock,
    log,
    cname,
    total: totals.of('multicast'),
  });
}
