import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { REORDER_WINDOW_MS } from '../../core/rtp/reorder-window.ts';
import { writeRtpHeader } from '../../core/rtp/packet.ts';
import type { PortPair } from '../../core/rtsp/wire/transport.ts';
import { bindUdp, bindUdpPair, type UdpPair } from '../../net/udp.ts';
import { CameraPorts } from './camera-ports.ts';

const PEER = '127.0.0.1';

/** The ports of a session, and the camera at their other end. */
class Bench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly faults = { doubledPackets: 0, strayDatagrams: 0 };
  /** 'track part numbers' of each delivery. */
  readonly came: string[] = [];
  readonly ports: CameraPorts;
  readonly camera: UdpPair;
  readonly toCamera: string[] = [];
  #waiting: (() => void)[] = [];

  private constructor(camera: UdpPair) {
    this.camera = camera;
    this.ports = new CameraPorts({
      peerHost: PEER,
      ownHost: PEER,
      clock: this.clock,
      faults: this.faults,
      datagrams: (track, part, packets) =>
        this.#note(this.came, `${track} ${part} ${packets.map(sequenceOf).join(' ')}`),
    });
    camera.rtp.handle((datagram) => this.#note(this.toCamera, `rtp ${datagram.length}`));
    camera.rtcp.handle((datagram) => this.#note(this.toCamera, `rtcp ${datagram.length}`));
  }

  static async open(): Promise<Bench> {
    return new Bench(await bindUdpPair(PEER));
  }

  get cameraPorts(): PortPair {
    return [this.camera.rtp.port, this.camera.rtcp.port];
  }

  send(to: PortPair, ...numbers: readonly number[]): void {
    for (const number of numbers) this.camera.rtp.send(packet(number), { host: PEER, port: to[0] });
  }

  async until(is: () => boolean): Promise<void> {
    while (!is()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.ports.close(), this.camera.close()]);
  }

  #note(lines: string[], line: string): void {
    lines.push(line);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

it('puts the packets of a track in order, drops what comes twice, and gives a gap up in time', async () => {
  await using bench = await Bench.open();
  const ports = await bench.ports.bind(3);
  assert.equal(ports[0] % 2, 0);
  assert.equal(ports[1], ports[0] + 1);
  bench.send(ports, 1, 3, 3, 2, 6);
  await bench.until(() => bench.came.length === 2);
  assert.deepEqual(bench.came, ['3 rtp 1', '3 rtp 2 3']);
  // The last one is on its way: reports come in by the same loop, after it.
  bench.camera.rtcp.send(packet(9), { host: PEER, port: ports[1] });
  await bench.until(() => bench.came.length === 3);
  bench.clock.advance(REORDER_WINDOW_MS);
  assert.deepEqual(bench.came.slice(2), ['3 rtcp 9', '3 rtp 6']);
  assert.deepEqual(bench.faults, { doubledPackets: 1, strayDatagrams: 0 });
});

it('takes media from any port of the camera (OpenIPC, mtx#4253), and nothing from another address', async () => {
  await using bench = await Bench.open();
  const ports = await bench.ports.bind(0);
  const other = await bindUdp({ host: PEER, port: 0 });
  const foreign = await bindUdp({ host: '127.0.0.2', port: 0 });
  foreign.send(packet(7), { host: PEER, port: ports[0] });
  other.send(packet(1), { host: PEER, port: ports[0] });
  await bench.until(() => bench.came.length === 1);
  assert.deepEqual([bench.came, bench.faults.strayDatagrams], [['0 rtp 1'], 1]);
  await Promise.all([other.close(), foreign.close()]);
});

it('punches from both ports, and reports to where the camera takes or sends them', async () => {
  await using bench = await Bench.open();
  const ports = await bench.ports.bind(0);
  bench.ports.report(0, new Uint8Array(32));
  bench.ports.punch(0, bench.cameraPorts);
  bench.ports.punch(5, bench.cameraPorts);
  bench.ports.report(0, new Uint8Array(32));
  await bench.until(() => bench.toCamera.length === 3);
  assert.deepEqual(bench.toCamera.toSorted(), ['rtcp 32', 'rtcp 8', 'rtp 12'], 'none before it is known where to');
  bench.camera.rtp.send(packet(1), { host: PEER, port: ports[1] });
  await bench.until(() => bench.came.length === 1);
  bench.ports.reportAll(new Uint8Array(40));
  await bench.until(() => bench.toCamera.length === 4);
  assert.equal(bench.toCamera.at(-1), 'rtp 40', 'a camera that sends its reports from another port is answered there');
});

it('sends nothing to a port that is none, whatever the camera says', async () => {
  await using bench = await Bench.open();
  const ports = await bench.ports.bind(0);
  for (const none of [0, 65_536]) {
    bench.ports.punch(0, [none, none]);
    bench.ports.report(0, new Uint8Array(32));
  }
  // Its own reports say better where it takes ours.
  bench.camera.rtcp.send(packet(1), { host: PEER, port: ports[1] });
  await bench.until(() => bench.came.length === 1);
  bench.ports.report(0, new Uint8Array(40));
  await bench.until(() => bench.toCamera.length === 1);
  assert.deepEqual(bench.toCamera, ['rtcp 40']);
  const group = `239.21.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  await assert.rejects(bench.ports.join(1, group, [15_000, 65_536]), { code: 'listen-refused' });
});

it('a group is heard on the interface of the camera, from its first sender only', async () => {
  await using bench = await Bench.open();
  const group = `239.20.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  const free = await bindUdpPair(PEER);
  const ports: PortPair = [free.rtp.port, free.rtcp.port];
  await free.close();
  await bench.ports.join(2, group, ports);
  const first = await bindUdp({ host: PEER, port: 0, interfaceHost: PEER, multicastTtl: 0 });
  const second = await bindUdp({ host: '127.0.0.2', port: 0, interfaceHost: PEER, multicastTtl: 0 });
  second.send(new Uint8Array(0), { host: group, port: ports[0] });
  bench.ports.report(2, packet(7));
  first.send(packet(1), { host: group, port: ports[0] });
  await bench.until(() => bench.came.length === 1);
  second.send(packet(8), { host: group, port: ports[0] });
  first.send(packet(2), { host: group, port: ports[0] });
  await bench.until(() => bench.came.length === 2);
  assert.deepEqual(
    [bench.came, bench.faults.strayDatagrams],
    [['2 rtp 1', '2 rtp 2'], 1],
    'neither what is no RTP nor our own report makes a sender',
  );
  await Promise.all([first.close(), second.close()]);
});

it('a group that cannot be had says so', async () => {
  await using bench = await Bench.open();
  await assert.rejects(bench.ports.join(0, '192.0.2.1', [5000, 5001]), { name: 'WeirError', code: 'listen-refused' });
});

it('a group that answers a SETUP for ports takes the place of the ports', async () => {
  await using bench = await Bench.open();
  const [rtp] = await bench.ports.bind(0);
  const free = await bindUdpPair(PEER);
  await free.close();
  const group = `239.20.${(process.pid >> 8) & 255}.${process.pid & 255}`;
  await bench.ports.join(0, group, [free.rtp.port, free.rtcp.port]);
  const again = await bindUdp({ host: '0.0.0.0', port: rtp });
  await again.close();
});

it('ports that open when it is over already are closed', async () => {
  await using bench = await Bench.open();
  const bound = bench.ports.bind(0);
  await bench.ports.close();
  const [rtp] = await bound;
  const again = await bindUdp({ host: '0.0.0.0', port: rtp });
  await again.close();
});

function packet(sequence: number): Uint8Array {
  const whole = new Uint8Array(20);
  writeRtpHeader(whole, { payloadType: 96, sequence, timestamp: 9000, ssrc: 1 }, true);
  return whole;
}

function sequenceOf(bytes: Uint8Array): number {
  return bytes[3] ?? 0;
}
