/** For tests: ports that nothing is bound to. What is sent is kept; what comes is said by the test. */
import type { UdpAddress, UdpPair, UdpSocket } from './udp.ts';

export class FakeUdpSocket implements UdpSocket {
  readonly port: number;
  readonly unsent = 0;
  readonly sentTo: UdpAddress[] = [];
  #receive: ((datagram: Uint8Array, from: UdpAddress) => void) | undefined;

  constructor(port: number) {
    this.port = port;
  }

  send(_datagram: Uint8Array | readonly Uint8Array[], to: UdpAddress): void {
    this.sentTo.push(to);
  }

  handle(receive: (datagram: Uint8Array, from: UdpAddress) => void): void {
    this.#receive = receive;
  }

  /** A datagram comes. */
  come(datagram: Uint8Array, from: UdpAddress): void {
    this.#receive?.(datagram, from);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

export class FakeUdpPair implements UdpPair {
  readonly rtp: FakeUdpSocket;
  readonly rtcp: FakeUdpSocket;
  closed = false;

  constructor(rtpPort: number) {
    this.rtp = new FakeUdpSocket(rtpPort);
    this.rtcp = new FakeUdpSocket(rtpPort + 1);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
