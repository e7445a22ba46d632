import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { WeirError } from '../../core/errors.ts';
import { compactNtp } from '../../core/rtcp/ntp.ts';
import type { SenderReport } from '../../core/rtcp/packet.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { SENDER_REPORT_MS, writeReceiverReport } from '../../core/rtcp/write.ts';
import { writeRtpHeader } from '../../core/rtp/packet.ts';
import { SESSION_GRACE_MS, SESSION_TIMEOUT_S } from '../../core/rtsp/server/connection.ts';
import { ANNOUNCED } from '../../core/rtsp/server/fake-peer.ts';
import { bindUdp, bindUdpPair, type UdpPair } from '../../net/udp.ts';
import { RECEIVER_REPORT_MS } from '../../stream/rtp-ingest.ts';
import { House } from './fake-house.ts';
import type { Peer } from './fake-peer.ts';
import { batchOf, VIDEO } from './fake-stream.ts';

const HOST = '127.0.0.1';
const NO_SINK = { packet() {}, senderReport() {}, goodbye() {}, accessUnit() {}, flush() {} };
const SESSION_TIMEOUT_MS = SESSION_TIMEOUT_S * 1000 + SESSION_GRACE_MS;

describe('a reader over UDP', () => {
  it('gets reports (UniFi Protect, g2r#2303) and media on its ports, reports also while the source is away, and BYE', async (context) => {
    await using house = await openHouse();
    house.yard.burst = [batchOf(0, 9000, true)];
    const reader = await Reader.play(context, house);
    assert.equal((await reader.report()).rtpTimestamp, 9000);
    assert.equal((await reader.rtp(1))[0]?.readUInt32BE(4), 9000);
    house.yard.deliver(batchOf(0, 12_600, false));
    assert.equal((await reader.rtp(1))[0]?.readUInt32BE(4), 12_600);
    for (let round = 1; round <= 3; round++) {
      house.clock.advance(SENDER_REPORT_MS);
      assert.deepEqual([(await reader.report()).ssrc, round], [VIDEO.ssrc, round]);
    }
    for (const one of house.yard.readers) one.end(new WeirError('stream-removed', 'gone'));
    assert.deepEqual(await reader.control(), ['receiver-report', 'goodbye']);
    await reader.peer.closed();
  });

  it('whose host is gone ends once neither reports nor requests came for 60 s', async (context) => {
    await using house = await openHouse();
    const gone = await Reader.play(context, house);
    const there = await Reader.play(context, house);
    await gone.ports.close();
    for (let passedMs = 0; passedMs <= SESSION_TIMEOUT_MS; passedMs += 10_000) {
      house.clock.advance(10_000);
      house.yard.deliver(batchOf(0, passedMs, true));
      await there.say(writeReceiverReport(1, [], 'there'));
    }
    await gone.peer.closed();
    assert.deepEqual(
      house.server.sessions().map(({ peer, state }) => [peer, state]),
      [[`127.0.0.1:${there.peer.socket.localPort}`, 'playing']],
    );
  });

  it('says how it is, and is ended by its id in the status', async (context) => {
    await using house = await openHouse();
    house.yard.burst = [batchOf(0, 9000, true)];
    const reader = await Reader.play(context, house);
    const { ntpSeconds, ntpFraction } = await reader.report();
    house.clock.advance(1000);
    await reader.say(
      writeReceiverReport(
        1,
        [
          {
            ssrc: VIDEO.ssrc,
            fractionLost: 32,
            cumulativeLost: 4,
            highestSequence: 1,
            jitter: 180,
            lastSenderReport: compactNtp(ntpSeconds, ntpFraction),
            delaySinceLastSenderReport: 0.75 * 65536,
          },
        ],
        'reader',
      ),
    );
    const [status] = house.server.sessions();
    assert.ok(status);
    assert.deepEqual(
      [status.transport, status.bytes, status.reported],
      ['udp', 100, { loss: 0.125, lost: 4, jitterMs: 2, roundTripMs: 250 }],
    );
    assert.equal(house.server.sessions()[0]?.id, status.id, 'the same each time');
    const metrics = readMetrics(house);
    assert.deepEqual(
      [
        metrics.get('weir_rtsp_sessions reader udp'),
        metrics.get('weir_rtsp_reader_round_trip_seconds udp'),
        metrics.get('weir_rtsp_reported_lost_packets_total udp'),
        metrics.get('weir_rtsp_sent_bytes_total udp'),
      ],
      [1, 0.25, 0, 100],
      'sums as of the last second',
    );
    assert.equal(house.server.endSession('nobody'), false);
    assert.equal(house.server.endSession(status.id), true);
    assert.deepEqual(await reader.control(), ['receiver-report', 'goodbye']);
    await reader.peer.closed();
    assert.deepEqual(house.server.sessions(), []);
    assert.equal(readMetrics(house).get('weir_rtsp_reported_lost_packets_total udp'), 4);
  });

  it('of one kind of way only: what is set up over UDP is not over TCP', async (context) => {
    await using house = await openHouse();
    const reader = await Reader.play(context, house);
    const transport = { Transport: 'RTP/AVP/TCP;interleaved=0-1', Session: reader.session };
    assert.notEqual((await reader.peer.ask('SETUP', '/trackID=1', transport)).status, 200);
  });

  it('that sets its track up over TCP instead is no reader over UDP any more', async (context) => {
    await using house = await openHouse();
    house.yard.burst = [batchOf(0, 9000, true)];
    const reader = await Reader.play(context, house);
    const headers = { Session: reader.session };
    await reader.peer.ask('PAUSE', '', headers);
    const transport = { Transport: 'RTP/AVP/TCP;interleaved=0-1', ...headers };
    assert.equal((await reader.peer.ask('SETUP', '/trackID=0', transport)).status, 200);
    assert.equal((await reader.peer.ask('PLAY', '', headers)).status, 200);
    assert.equal((await reader.peer.take(2)).length, 2, 'its report and its media');
    await reader.say(writeReceiverReport(1, [], 'nobody'));
    assert.equal(readMetrics(house).get('weir_rtsp_stray_datagrams_total'), 1);
  });
});

describe('a publisher over UDP', () => {
  it('that sets its track up over TCP instead gives its ports back, and is reported to where it sends', async () => {
    await using house = await openHouse();
    const stop = new AbortController();
    house.registry.take = async (source) => {
      await source.run({ announce: (tracks) => tracks.map(() => NO_SINK) }, stop.signal).catch(() => {});
      return undefined;
    };
    const peer = house.peer();
    await peer.ask('ANNOUNCE', '', { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    const udp = 'RTP/AVP;unicast;client_port=5000-5001;mode=record';
    const first = await peer.ask('SETUP', '/streamid=0', { Transport: udp });
    const ports = /server_port=\d+-\d+/.exec(first.headers.get('Transport') ?? '')?.[0];
    const headers = { Session: first.headers.get('Session')?.split(';')[0] ?? '' };
    const tcp = 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record';
    assert.equal((await peer.ask('SETUP', '/streamid=0', { Transport: tcp, ...headers })).status, 200);
    assert.equal((await peer.ask('RECORD', '', headers)).status, 200);
    peer.send(0, rtp(1));
    await peer.ask('OPTIONS');
    house.clock.advance(RECEIVER_REPORT_MS);
    const [report] = await peer.take(1);
    assert.equal(report?.channel, 1);
    // The next publisher gets the ports, which are not closed at once.
    const next = house.peer('other');
    await next.ask('ANNOUNCE', '', { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    const second = await next.ask('SETUP', '/streamid=0', { Transport: udp });
    assert.ok(ports !== undefined && second.headers.get('Transport')?.includes(ports));
    stop.abort();
  });

  it('what came twice, or from elsewhere, stands among its faults, also once it is gone', async (context) => {
    await using house = await openHouse();
    const taken = Promise.withResolvers<undefined>();
    let packets = 0;
    const stop = new AbortController();
    const packet = (): void => {
      packets += 1;
      if (packets === 3) taken.resolve(undefined);
    };
    const sink = { ...NO_SINK, packet };
    const left = Promise.withResolvers<undefined>();
    house.registry.take = async (source) => {
      await source.run({ announce: (tracks) => tracks.map(() => sink) }, stop.signal).catch(() => {});
      left.resolve(undefined);
      return undefined;
    };
    const peer = house.peer();
    const sender = await bindUdp({ host: HOST, port: 0 });
    const stranger = await bindUdp({ host: '127.0.0.2', port: 0 });
    context.after(() => Promise.all([sender.close(), stranger.close()]));
    await peer.ask('ANNOUNCE', '', { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    const transport = `RTP/AVP;unicast;client_port=${sender.port}-${sender.port + 1};mode=record`;
    const setUp = await peer.ask('SETUP', '/streamid=0', { Transport: transport });
    const port = Number(/server_port=(\d+)/.exec(setUp.headers.get('Transport') ?? '')?.[1]);
    const session = setUp.headers.get('Session')?.split(';')[0] ?? '';
    assert.equal((await peer.ask('RECORD', '', { Session: session })).status, 200);
    const [source] = house.registry.published;
    assert.ok(source);
    const sent = Promise.withResolvers<unknown>();
    stranger.send(rtp(1), { host: HOST, port }, sent.resolve);
    // What is sent to a port after it comes after it, over loopback.
    assert.equal(await sent.promise, null);
    // 3 comes twice while 2 is waited for, 1 once more after its turn.
    for (const sequence of [1, 3, 3, 1, 2]) sender.send(rtp(sequence), { host: HOST, port });
    await taken.promise;
    assert.equal(house.server.sessions()[0]?.transport, 'udp');
    peer.socket.destroy();
    await left.promise;
    const { doubledPackets, strayDatagrams } = source.faults ?? {};
    assert.deepEqual([doubledPackets, strayDatagrams, packets], [2, 1, 3]);
  });
});

async function openHouse(): Promise<House> {
  const free = await bindUdpPair(HOST);
  await free.close();
  const publisherPorts = [free.rtp.port, Math.min(free.rtp.port + 200, 65_535)] as const;
  return House.open({ kind: 'open' }, { udp: { port: 0, publisherPorts } });
}

/** Plays the video on ports of its own. */
class Reader {
  readonly peer: Peer;
  readonly ports: UdpPair;
  readonly session: string;
  readonly #house: House;
  readonly #serverRtcp: number;
  readonly #rtp: Buffer[] = [];
  readonly #rtcp: Buffer[] = [];
  #wake = Promise.withResolvers<void>();

  static async play(context: TestContext, house: House): Promise<Reader> {
    const ports = await bindUdpPair(HOST);
    context.after(() => ports.close());
    const peer = house.peer();
    const transport = `RTP/AVP;unicast;client_port=${ports.rtp.port}-${ports.rtcp.port}`;
    const setUp = await peer.ask('SETUP', '/trackID=0', { Transport: transport });
    assert.equal(setUp.status, 200);
    const session = setUp.headers.get('Session')?.split(';')[0] ?? '';
    const serverRtcp = Number(/server_port=\d+-(\d+)/.exec(setUp.headers.get('Transport') ?? '')?.[1]);
    const reader = new Reader(house, peer, ports, { session, serverRtcp });
    assert.equal((await peer.ask('PLAY', '', { Session: session })).status, 200);
    return reader;
  }

  private constructor(
    house: House,
    peer: Peer,
    ports: UdpPair,
    { session, serverRtcp }: { readonly session: string; readonly serverRtcp: number },
  ) {
    this.#house = house;
    this.peer = peer;
    this.ports = ports;
    this.session = session;
    this.#serverRtcp = serverRtcp;
    ports.rtp.handle((datagram) => this.#note(this.#rtp, datagram));
    ports.rtcp.handle((datagram) => this.#note(this.#rtcp, datagram));
  }

  async rtp(count: number): Promise<readonly Buffer[]> {
    while (this.#rtp.length < count) await this.#wake.promise;
    return this.#rtp.splice(0, count);
  }

  async report(): Promise<SenderReport> {
    const [report] = parseRtcp(await this.#nextControl()).packets;
    assert.ok(report?.kind === 'sender-report');
    return report;
  }

  /** Kinds of what the next RTCP datagram holds. */
  async control(): Promise<readonly string[]> {
    return parseRtcp(await this.#nextControl()).packets.map(({ kind }) => kind);
  }

  /** Sends RTCP, and waits until it was heard: what another connection asks for after it is answered. */
  async say(rtcp: Uint8Array): Promise<void> {
    this.ports.rtcp.send(rtcp, { host: HOST, port: this.#serverRtcp });
    const bystander = this.#house.peer();
    for (const _ of [1, 2]) await bystander.ask('OPTIONS');
  }

  async #nextControl(): Promise<Buffer> {
    for (;;) {
      const next = this.#rtcp.shift();
      if (next !== undefined) return next;
      await this.#wake.promise;
    }
  }

  #note(list: Buffer[], datagram: Uint8Array): void {
    list.push(Buffer.from(datagram));
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}

/** By name and labels. */
function readMetrics(house: House): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  house.server.readMetrics({
    set: (name, labels, value) => values.set([name, ...Object.values<string>(labels)].join(' '), value),
  });
  return values;
}

function rtp(sequence: number): Uint8Array {
  const packet = new Uint8Array(20);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp: sequence, ssrc: 1 }, true);
  return packet;
}
