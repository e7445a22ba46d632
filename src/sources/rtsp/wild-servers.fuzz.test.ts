/**
 * Servers that answer SETUP with any ports and any way, on real sockets, and datagrams of any size from anywhere: an attempt ends with an error that has a
 * code, or well, and leaves no socket behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZ_ROUNDS, FUZZ_SEED, oneOf } from '../../../test/harness/fuzz.ts';
import { below, mutated, type Random } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import { WeirError } from '../../core/errors.ts';
import { writeGoodbye, writeSenderReport } from '../../core/rtcp/write.ts';
import { writeRtpHeader } from '../../core/rtp/packet.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { RtspRequest } from '../../core/rtsp/wire/message.ts';
import { parseTransports } from '../../core/rtsp/wire/transport.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { listenTcp, type TcpListener } from '../../net/tcp.ts';
import { bindUdp, type UdpSocket } from '../../net/udp.ts';
import type { TrackSink } from '../../stream/source.ts';
import { hash } from './fake-camera.ts';
import { RtspSource } from './rtsp-source.ts';

/** In the unit run 40 attempts. */
const ATTEMPTS = Math.ceil((FUZZ_ROUNDS * 40) / 100_000);
/** To each port. */
const DATAGRAMS = 10;
/** Turns of the event loop that an attempt has before it is stopped, and in which it has to end then: more than its dialogue takes. */
const TURNS = 60;
const END_TURNS = 2000;
const TIMEOUTS = { connectMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };
/** A group that no other test of this machine sends to. */
const GROUP = `239.22.${(process.pid >> 8) & 255}.${process.pid & 255}`;

const SDP = `v=0\r
o=- 0 0 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
m=video 0 RTP/AVP 96\r
a=rtpmap:96 H264/90000\r
a=control:trackID=0\r
m=audio 0 RTP/AVP 0\r
a=control:trackID=1\r
`;

const NO_TRACK: TrackSink = {
  packet: () => undefined,
  senderReport: () => undefined,
  goodbye: () => undefined,
  accessUnit: () => undefined,
  flush: () => undefined,
};

test('wild servers', async () => {
  // Two hosts: the server's, and another.
  const near = await bindUdp({ host: '127.0.0.1', port: 0 });
  const far = await bindUdp({ host: '127.0.0.2', port: 0 });
  let heard = 0;
  let faults = 0;
  for (const socket of [near, far]) socket.handle(() => void (heard += 1));
  const before = sockets();
  for (let index = 0; index < ATTEMPTS; index++) {
    const random = seededRandom(FUZZ_SEED + index);
    const server = await WildServer.open([near, far], random);
    const source = await attempt(server.url, random, `WEIR_SEED=${FUZZ_SEED}, attempt ${index}`);
    faults += source.faults['strayDatagrams'] ?? 0;
    await server.close();
  }
  for (let turn = 0; turn < END_TURNS && sockets() > before; turn++) await new Promise(setImmediate);
  assert.ok(sockets() <= before, 'all ports are given back');
  // It was about something.
  assert.ok(heard > 0 && faults > 0, `${heard} datagrams heard, ${faults} stray`);
  await Promise.all([near.close(), far.close()]);
});

async function attempt(url: string, random: Random, place: string): Promise<RtspSource> {
  const clock = new ManualClock();
  const settings = {
    kind: 'rtsp',
    url,
    transport: oneOf(['udp', 'udp', 'udp', 'multicast', 'auto'] as const, random),
    fingerprint: undefined,
    timeouts: TIMEOUTS,
  } as const;
  const source = new RtspSource({ settings, clock, log: new MemoryLog(), hash, random });
  const stop = new AbortController();
  const state = { over: false };
  const ended = source
    .run({ announce: (tracks) => tracks.map(() => NO_TRACK) }, stop.signal)
    .catch((error: unknown) => assert.ok(error instanceof WeirError, `${place}: ${String(error)}`))
    .finally(() => void (state.over = true));
  for (let turn = 0; turn < TURNS && !state.over; turn++) await new Promise(setImmediate);
  // Reports fall due meanwhile, to wherever the server said.
  clock.advance(8000);
  stop.abort();
  for (let turn = 0; turn < END_TURNS && !state.over; turn++) {
    clock.advance(100);
    await new Promise(setImmediate);
  }
  assert.ok(state.over, `${place}: it does not end`);
  await ended;
  return source;
}

class WildServer {
  readonly #sockets: readonly UdpSocket[];
  readonly #random: Random;
  readonly #pipes: BytePipe[] = [];
  #listener: TcpListener | undefined;

  static async open(sockets: readonly UdpSocket[], random: Random): Promise<WildServer> {
    const server = new WildServer(sockets, random);
    server.#listener = await listenTcp({ host: '127.0.0.1', port: 0, accept: (pipe) => server.#accept(pipe) });
    return server;
  }

  private constructor(sockets: readonly UdpSocket[], random: Random) {
    this.#sockets = sockets;
    this.#random = random;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.#listener?.port}/live`;
  }

  async close(): Promise<void> {
    for (const pipe of this.#pipes) pipe.destroy();
    await this.#listener?.close();
  }

  #accept(pipe: BytePipe): void {
    this.#pipes.push(pipe);
    const framer = new RtspFramer();
    pipe.handle({
      data: (chunk) => {
        for (const unit of framer.push(chunk)) {
          if (unit.kind === 'message' && unit.message.kind === 'request') this.#answer(pipe, unit.message);
        }
      },
      drain: () => {},
      close: () => {},
    });
  }

  #answer(pipe: BytePipe, request: RtspRequest): void {
    const [asked] = parseTransports(request.headers.get('Transport') ?? '');
    const cseq = request.headers.get('CSeq') ?? '';
    const headers = [`CSeq: ${cseq}`, 'Session: 1'];
    if (request.method === 'SETUP') headers.push(`Transport: ${this.#transport(asked?.clientPort)}`);
    if (request.method === 'DESCRIBE') headers.push('Content-Type: application/sdp', `Content-Length: ${SDP.length}`);
    const body = request.method === 'DESCRIBE' ? SDP : '';
    const response = Buffer.from(`RTSP/1.0 200 OK\r\n${headers.join('\r\n')}\r\n\r\n${body}`);
    pipe.write(this.#random() < 0.03 ? mutated(response, this.#random) : response);
    for (const port of asked?.clientPort ?? []) for (let i = 0; i < DATAGRAMS; i++) this.#send(port);
    if (this.#random() < 0.02) pipe.destroy();
  }

  #transport(clientPorts: readonly [number, number] | undefined): string {
    const random = this.#random;
    const pair = (): string => {
      const one = (): number =>
        oneOf([0, 1, 65_534, 65_535, 65_536, 5000, ...this.#sockets.map(({ port }) => port)], random);
      return random() < 0.1 ? String(one()) : `${one()}-${one()}`;
    };
    const own = clientPorts === undefined || random() < 0.2 ? pair() : clientPorts.join('-');
    const more = [
      `server_port=${pair()}`,
      `source=${oneOf(['127.0.0.2', '0.0.0.0', '::1', 'nowhere.invalid'], random)}`,
      `destination=${oneOf([GROUP, '127.0.0.2', '224.0.0.0', '::'], random)}`,
      `port=${pair()}`,
      `ssrc=${below(16, random)}`,
    ].filter(() => random() < 0.7);
    const text = [
      oneOf(['RTP/AVP', 'RTP/AVP', 'RTP/AVP/UDP', 'RTP/AVP/TCP'], random),
      oneOf(['unicast', 'unicast', 'multicast'], random),
      `client_port=${own}`,
      ...more,
    ].join(';');
    return random() < 0.1
      ? Buffer.from(mutated(Buffer.from(text), random))
          .toString('latin1')
          .replace(/[\r\n]/g, ' ')
      : text;
  }

  #send(port: number): void {
    const random = this.#random;
    oneOf(this.#sockets, random).send(datagram(random), { host: '127.0.0.1', port });
  }
}

function datagram(random: Random): Uint8Array {
  const packet = new Uint8Array(12 + below(100, random));
  writeRtpHeader(
    packet,
    { payloadType: 96, sequence: below(65_536, random), timestamp: 0, ssrc: below(16, random) },
    true,
  );
  const report = { ssrc: below(16, random), utcMs: 0, rtpTimestamp: 0, packets: 0, octets: 0, cname: 'wild' };
  const good = oneOf([packet, writeSenderReport(report), writeGoodbye(below(16, random))], random);
  switch (below(4, random)) {
    case 0:
      return good;
    case 1:
      return new Uint8Array(oneOf([0, 1, 11, 1472, 9000, 65_507], random)).fill(below(256, random));
    default:
      return mutated(good, random);
  }
}

/** UDP sockets of this process. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
}
