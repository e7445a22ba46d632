/**
 * A bad network before a camera: its requests and responses pass, with other ports in them, and the datagrams of its one track go through a LossyRelay.
 * What it sends has to be the loop of pictures: by that they are known, and what is missing of them.
 *
 *     weir ◀── RTSP ──▶ here ◀── RTSP ──▶ camera
 *     weir ◀── lossy ── here ◀── RTP ──── camera       RTCP passes both ways
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { LossyRelay } from './lossy-relay.ts';
import { PICTURE_TICKS, pictureLoop } from './picture-loop.ts';
import { WeatherPlan } from './weather-plan.ts';

const HOST = '127.0.0.1';
const RTP_HEADER_BYTES = 12;

/** RTP and RTCP. */
type Ports = readonly [rtp: number, rtcp: number];

export class LossyCamera {
  readonly url: string;
  readonly plan: WeatherPlan;
  readonly #ways: readonly [rtp: UdpSocket, rtcp: UdpSocket];
  /** By payload: which picture of the loop it is of, where it is of one alone. */
  readonly #places = placesOfPayloads();
  /** Where the datagrams of each way go: towards weir, and towards the camera. */
  #ports: { readonly weir: Ports; readonly camera: Ports } = { weir: [0, 0], camera: [0, 0] };
  #last: { readonly ticks: number; readonly number: number | undefined } | undefined;

  /** `camera`: of an RTSP URL. `random` decides over the datagrams. It is there until the test ends. */
  static async start(context: TestContext, camera: string, random: () => number): Promise<LossyCamera> {
    const ways = [await boundSocket(context), await boundSocket(context)] as const;
    const server = createServer({ noDelay: true }).listen(0, HOST);
    await once(server, 'listening');
    const address = server.address();
    const url = new URL(camera);
    const [host, port] = [url.hostname, Number(url.port)];
    url.port = String(typeof address === 'object' && address !== null ? address.port : 0);
    const lossy = new LossyCamera(url.href, ways, random);
    server.on('connection', (weir) => lossy.#pass(context, weir, connect(port, host)));
    context.after(() => server.close());
    return lossy;
  }

  private constructor(url: string, ways: readonly [UdpSocket, UdpSocket], random: () => number) {
    this.url = url;
    this.#ways = ways;
    const [rtp, rtcp] = ways;
    this.plan = new WeatherPlan(new LossyRelay(random, (datagram) => rtp.send(datagram, this.#ports.weir[0], HOST)));
    rtp.on('message', (datagram, { port }) => {
      if (port === this.#ports.camera[0]) this.#media(datagram);
    });
    rtcp.on('message', (datagram, { port }) => {
      const { weir, camera } = this.#ports;
      rtcp.send(datagram, port === camera[1] ? weir[1] : camera[1], HOST);
    });
  }

  /** A message is never in two pieces here: both ends write each in one go. */
  #pass(context: TestContext, weir: Socket, camera: Socket): void {
    const [rtp, rtcp] = this.#ways.map((way) => way.address().port);
    context.after(() => {
      weir.destroy();
      camera.destroy();
    });
    const rewrite = (part: 'client_port' | 'server_port', side: 'weir' | 'camera') => (piece: Buffer) =>
      piece.toString('latin1').replace(new RegExp(`${part}=(\\d+)-(\\d+)`), (_, ...ports: readonly string[]) => {
        this.#ports = { ...this.#ports, [side]: [Number(ports[0]), Number(ports[1])] };
        return `${part}=${rtp}-${rtcp}`;
      });
    const request = rewrite('client_port', 'weir');
    const response = rewrite('server_port', 'camera');
    weir.on('data', (piece: Buffer) => camera.write(request(piece), 'latin1'));
    camera.on('data', (piece: Buffer) => weir.write(response(piece), 'latin1'));
    for (const [one, other] of [
      [weir, camera],
      [camera, weir],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
  }

  #media(datagram: Buffer): void {
    const number = this.#numberOf(datagram);
    const isLast = ((datagram[1] ?? 0) & 0x80) !== 0;
    if (number === undefined) this.plan.relay.push(datagram);
    else this.plan.push(number, datagram, isLast);
  }

  /** Undefined until a payload tells its place. */
  #numberOf(datagram: Buffer): number | undefined {
    const ticks = datagram.readUInt32BE(4);
    const place = this.#places.get(datagram.toString('latin1', RTP_HEADER_BYTES));
    const last = this.#last;
    const number =
      last?.number === undefined ? place : last.number + Math.round(((ticks - last.ticks) | 0) / PICTURE_TICKS);
    this.#last = { ticks, number };
    return number;
  }
}

async function boundSocket(context: TestContext): Promise<UdpSocket> {
  const socket = createSocket('udp4').bind(0, HOST);
  await once(socket, 'listening');
  context.after(() => socket.close());
  return socket;
}

function placesOfPayloads(): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const ofSeveral = new Set<string>();
  for (const [place, packets] of pictureLoop().entries()) {
    for (const { payload } of packets) {
      const bytes = Buffer.from(payload).toString('latin1');
      if ((places.get(bytes) ?? place) !== place) ofSeveral.add(bytes);
      places.set(bytes, place);
    }
  }
  for (const bytes of ofSeveral) places.delete(bytes);
  return places;
}
