/**
 * A publisher over UDP whose datagrams go through a bad network: the loop of pictures without end, in real time.
 */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { LossyRelay } from './lossy-relay.ts';
import { PICTURE_MS, PICTURE_TICKS, PICTURES_PER_LOOP, pictureLoop } from './picture-loop.ts';
import { RtspPeer } from './rtsp-peer.ts';
import { WeatherPlan } from './weather-plan.ts';

const SDP = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000']
  .concat('a=fmtp:96 packetization-mode=1', 'a=control:t', '')
  .join('\r\n');

export class UdpPublisher {
  readonly plan: WeatherPlan;
  readonly #loop = pictureLoop();
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
      while (publisher.plan.pictures < (performance.now() - startMs) / PICTURE_MS) publisher.#send();
    }, PICTURE_MS / 2);
    context.after(() => clearInterval(timer));
    return publisher;
  }

  private constructor(socket: Socket, port: number, random: () => number) {
    this.plan = new WeatherPlan(new LossyRelay(random, (datagram) => socket.send(datagram, port, '127.0.0.1')));
  }

  /** A picture's datagrams go out together. */
  #send(): void {
    const number = this.plan.pictures;
    const packets = this.#loop[number % PICTURES_PER_LOOP] ?? [];
    for (const [index, { payload, marker }] of packets.entries()) {
      const packet = Buffer.alloc(12 + payload.length);
      packet[0] = 0x80;
      packet[1] = (marker ? 0x80 : 0) | 96;
      packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
      packet.writeUInt32BE((number * PICTURE_TICKS) >>> 0, 4);
      packet.writeUInt32BE(0x5ca1ab1e, 8);
      packet.set(payload, 12);
      this.plan.push(number, packet, index === packets.length - 1);
    }
  }
}
