/**
 * UDP sockets: bound one by one, in pairs for RTP (even) and RTCP (odd, RFC 3550 §11), and to multicast groups. Addresses are literal: nothing is
 * looked up for a datagram.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { WeirError } from '../core/errors.ts';
import { DatagramSocket, type UdpAddress, type UdpSocket } from './datagram-socket.ts';
import { hostPort } from './host-port.ts';

export type { UdpAddress, UdpSocket } from './datagram-socket.ts';

/** RTP and RTCP. */
export interface UdpPair {
  readonly rtp: UdpSocket;
  readonly rtcp: UdpSocket;
  close(): Promise<void>;
}

export interface BindOptions {
  /** A literal address; '0.0.0.0' and '::' for all. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Receives what is sent to this group, on any interface or on that of `interfaceHost`; others may receive it beside us. */
  readonly group?: string;
  readonly interfaceHost?: string;
  /** Sends to groups so many hops far. */
  readonly multicastTtl?: number;
}

/** A key frame of a 4K camera arrives as a thousand datagrams at once; the system's default holds 150. Linux gives at most `net.core.rmem_max`. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;
const SEND_BUFFER_BYTES = 1024 * 1024;
/** For a pair of any free ports: how often one of the two is taken by another program before we give up. */
const PAIR_TRIES = 50;

/** Errors: `port-in-use`, `listen-refused`. */
export async function bindUdp(options: BindOptions): Promise<UdpSocket> {
  const { host, port, group } = options;
  if (!(port >= 0 && port <= 65_535)) {
    const place = hostPort(host, port);
    throw new WeirError('listen-refused', 'That is no UDP port', { place, expected: '1 to 65535, or 0 for any' });
  }
  const { promise, resolve, reject } = Promise.withResolvers<UdpSocket>();
  const socket = createSocket({
    type: isIPv6(host) ? 'udp6' : 'udp4',
    reuseAddr: group !== undefined,
    // Addresses are literal: the system's resolver would cost a turn of the event loop a datagram.
    lookup: (address, _options, found) => {
      if (!isIPv6(host)) found(null, address, 4);
      else found(null, isIPv6(address) ? address : `::ffff:${address}`, 6);
    },
  });
  const failed = (cause: NodeJS.ErrnoException): void => {
    socket.close();
    reject(bindError(hostPort(host, port), cause));
  };
  socket.once('error', failed);
  socket.bind({ address: host, port }, () => {
    try {
      socket.off('error', failed);
      prepare(socket, options);
      resolve(new DatagramSocket(socket));
    } catch (cause) {
      failed(cause as NodeJS.ErrnoException);
    }
  });
  return promise;
}

/**
 * Why the system would not take a datagram for that group from there: it has no route. Undefined: it would. What is tried with is empty and does not leave
 * the machine. Error: `listen-refused`, with the system's reason.
 */
export async function groupError(from: BindOptions, group: UdpAddress): Promise<WeirError | undefined> {
  const { host, interfaceHost } = from;
  const { promise, resolve } = Promise.withResolvers<WeirError | undefined>();
  const socket = createSocket('udp4');
  const answer = (cause: NodeJS.ErrnoException | null): void => {
    const place = hostPort(group.host, group.port);
    const reason = `No way there: ${cause?.code ?? cause?.message}`;
    resolve(cause === null ? undefined : new WeirError('listen-refused', reason, { place, cause }));
  };
  socket.once('error', answer);
  socket.bind({ address: host, port: 0 }, () => {
    try {
      if (interfaceHost !== undefined) socket.setMulticastInterface(interfaceHost);
      socket.setMulticastTTL(0);
      socket.send('', group.port, group.host, answer);
    } catch (cause) {
      answer(cause as NodeJS.ErrnoException);
    }
  });
  const error = await promise;
  socket.close();
  return error;
}

/**
 * Two neighbours, the first even: from `ports` (both ends included, in order), or any free ones. `taken` says which first ports are not to be
 * tried. Errors: `port-in-use` if none is free, `listen-refused`.
 */
export async function bindUdpPair(
  host: string,
  ports?: readonly [low: number, high: number],
  taken: (rtpPort: number) => boolean = () => false,
): Promise<UdpPair> {
  return ports === undefined ? bindAnyPair(host) : bindPairWithin(host, ports, taken);
}

/** The pair whose first port is given. Errors: `port-in-use`, `listen-refused`. */
export async function bindUdpPairAt(host: string, rtpPort: number): Promise<UdpPair> {
  const rtp = await bindUdp({ host, port: rtpPort });
  try {
    return udpPairOf(rtp, await bindUdp({ host, port: rtp.port + 1 }));
  } catch (error) {
    await rtp.close();
    throw error;
  }
}

async function bindPairWithin(
  host: string,
  [low, high]: readonly [number, number],
  taken: (rtpPort: number) => boolean,
): Promise<UdpPair> {
  for (let port = low + (low % 2); port < high; port += 2) {
    if (taken(port)) continue;
    const pair = await orTaken(bindUdpPairAt(host, port));
    if (pair !== undefined) return pair;
  }
  throw new WeirError('port-in-use', 'No pair of UDP ports is free', {
    place: hostPort(host, low),
    expected: `two neighbours between ${low} and ${high}`,
  });
}

async function bindAnyPair(host: string): Promise<UdpPair> {
  for (let tries = 0; tries < PAIR_TRIES; tries++) {
    const first = await bindUdp({ host, port: 0 });
    if (first.port % 2 === 1 || first.port === 65534) {
      await first.close();
      continue;
    }
    const second = await orTaken(bindUdp({ host, port: first.port + 1 }));
    if (second !== undefined) return udpPairOf(first, second);
    await first.close();
  }
  throw new WeirError('port-in-use', 'No pair of UDP ports is free', { place: host });
}

/** Two sockets as a pair: closed together. */
export function udpPairOf(rtp: UdpSocket, rtcp: UdpSocket): UdpPair {
  const close = async (): Promise<void> => {
    await Promise.all([rtp.close(), rtcp.close()]);
  };
  return { rtp, rtcp, close };
}

async function orTaken<T>(bound: Promise<T>): Promise<T | undefined> {
  try {
    return await bound;
  } catch (error) {
    if (error instanceof WeirError && error.code === 'port-in-use') return undefined;
    throw error;
  }
}

function prepare(socket: Socket, { group, interfaceHost, multicastTtl }: BindOptions): void {
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  socket.setSendBufferSize(SEND_BUFFER_BYTES);
  if (group !== undefined) socket.addMembership(group, interfaceHost);
  if (group === undefined && interfaceHost !== undefined) socket.setMulticastInterface(interfaceHost);
  if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl);
}

function bindError(place: string, cause: NodeJS.ErrnoException): WeirError {
  return cause.code === 'EADDRINUSE'
    ? new WeirError('port-in-use', 'Another program has that UDP port', { place, cause })
    : new WeirError('listen-refused', `Cannot bind: ${cause.code ?? cause.message}`, { place, cause });
}
