/**
 * A publisher over UDP whose datagrams go through a bad network: the plain H.264 fixture without end, in small packets, each picture with its
 * parameter sets where it is a key frame.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { payloadsOf, videoStream } from '../fixtures/streams/units.ts';
import { LossyRelay, type Weather } from './lossy-relay.ts';
import { RtspPeer } from './rtsp-peer.ts';

/** A picture is several packets: so that part of one can be lost. */
const PAYLOAD_BYTES = 60;
const PICTURE_MS = 40;
/** Of the fixture. */
export const PICTURES_PER_GOP = 15;
export const PICTURES_PER_LOOP = 30;

const SDP = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000']
  .concat('a=fmtp:96 packetization-mode=1', 'a=control:t', '')
  .join('\r\n');

export class UdpPublisher {
  readonly relay: LossyRelay;
  /** Numbers of pictures that lost something. */
  readonly damaged = new Set<number>();
  readonly #loop = pictures();
  #weather: readonly { readonly from: number; readonly weather: Weather }[] = [];
  #pictures = 0;
  #sequence = 0;

  /** `random` decides over the datagrams. It publishes until the test ends. */
  static async start(context: TestContext, url: string, random: () => number): Promise<UdpPublisher> {
    const peer = await RtspPeer.open(context, url);
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    context.after(() => socket.close());
    await once(socket, 'listening');
    assert.match(await peer.ask('ANNOUNCE', url, ['Content-Type: application/sdp'], SDP), /^RTSP\/1\.0 200 /);
    const { port } = socket.address();
    const transport = `Transport: RTP/AVP;unicast;client_port=${port}-${port + 1};mode=record`;
    const setUp = await peer.ask('SETUP', `${url}/t`, [transport]);
    const session = `Session: ${/Session: ([^;\r]+)/.exec(setUp)?.[1]}`;
    const serverPort = Number(/server_port=(\d+)/.exec(setUp)?.[1]);
    assert.match(await peer.ask('RECORD', url, [session]), /^RTSP\/1\.0 200 /);
    peer.socket.resume();
    const publisher = new UdpPublisher(socket, serverPort, random);
    const startMs = performance.now();
    const timer = setInterval(() => {
      while (publisher.pictures < (performance.now() - startMs) / PICTURE_MS) publisher.#send();
    }, PICTURE_MS / 2);
    context.after(() => clearInterval(timer));
    return publisher;
  }

  private constructor(socket: Socket, port: number, random: () => number) {
    this.relay = new LossyRelay(random, (datagram) => socket.send(datagram, port, '127.0.0.1'));
  }

  /** Sent so far. */
  get pictures(): number {
    return this.#pictures;
  }

  /** From the next GOP on; returns the number of its first picture. */
  setWeather(weather: Weather): number {
    const from = Math.ceil((this.#pictures + 1) / PICTURES_PER_GOP) * PICTURES_PER_GOP;
    this.#weather = [...this.#weather, { from, weather }];
    return from;
  }

  /** A picture's datagrams go out together, and what is held back of them goes last: nothing of this depends on how quick the machine is. */
  #send(): void {
    const number = this.#pictures++;
    this.relay.weather = this.#weather.findLast(({ from }) => from <= number)?.weather ?? this.relay.weather;
    const lostBefore = this.relay.injected.lost;
    const packets = this.#loop[number % PICTURES_PER_LOOP] ?? [];
    for (const { payload, marker } of packets) {
      const packet = Buffer.alloc(12 + payload.length);
      packet[0] = 0x80;
      packet[1] = (marker ? 0x80 : 0) | 96;
      packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
      packet.writeUInt32BE((number * PICTURE_MS * 90) >>> 0, 4);
      packet.writeUInt32BE(0x5ca1ab1e, 8);
      packet.set(payload, 12);
      this.relay.push(packet);
    }
    this.relay.flush();
    if (this.relay.injected.lost > lostBefore) this.damaged.add(number);
  }
}

interface Packet {
  readonly payload: Uint8Array;
  readonly marker: boolean;
}

function pictures(): readonly (readonly Packet[])[] {
  const pictures: Packet[][] = [];
  let last: number | undefined;
  for (const { payload, marker, ticks } of payloadsOf(videoStream('plain-h264'), PAYLOAD_BYTES)) {
    if (ticks !== last) pictures.push([]);
    last = ticks;
    pictures.at(-1)?.push({ payload, marker });
  }
  return pictures;
}
