import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LossyRelay } from '../../../test/harness/lossy-relay.ts';
import { seededRandom, unitSeed } from '../../../test/harness/seeded-random.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import type { SourceTransport } from '../../config/settings.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { writeSenderReport } from '../../core/rtcp/write.ts';
import { REORDER_WINDOW_PACKETS } from '../../core/rtp/reorder-window.ts';
import { writeRtpHeader } from '../../core/rtp/packet.ts';
import { frame } from '../../core/rtsp/wire/frame.ts';
import { bindUdp } from '../../net/udp.ts';
import { RECEIVER_REPORT_MS } from '../../stream/rtp-ingest.ts';
import type { SourceSink, TrackSink } from '../../stream/source.ts';
import { FakeCamera, hash, LOGIN, LOGIN_TEXT, type CameraScript } from './fake-camera.ts';
import { RtspSource } from './rtsp-source.ts';

const SSRC = 0x01020304;
const BAD_NETWORK_PACKETS = 2000;
const BURST = 100;
const TIMEOUTS = { connectMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };
const DAHUA: CameraScript = { describe: 'dahua_describe_h265_pcma', setup: ['dahua_setup'], play: 'dahua_play' };

function packet(sequence: number, bytes = 100): Uint8Array {
  const whole = new Uint8Array(12 + bytes).fill(sequence & 255);
  writeRtpHeader(whole, { payloadType: 96, sequence, timestamp: 9000, ssrc: SSRC }, true);
  return whole;
}

/** What belongs to nothing, three bytes of it, before a packet. */
function rubbish(sequence: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(9, 9, 9), frame(0, packet(sequence))]);
}

/** A source that runs against a camera, and what came out of it. */
class Run implements SourceSink {
  readonly clock = new ManualClock();
  readonly log = new MemoryLog();
  readonly source: RtspSource;
  readonly announced: (readonly TrackFormat[])[] = [];
  /** 'track:sequence' of each packet, 'flush' once a chunk, 'SR utc rtp'. */
  readonly events: string[] = [];
  /** Packets that were said to be missing. */
  lost = 0;
  readonly #stop = new AbortController();
  #waiting: (() => void)[] = [];

  constructor(url: string, transport: SourceTransport = 'tcp', fingerprint?: string) {
    const settings = { kind: 'rtsp', url, transport, fingerprint, timeouts: TIMEOUTS } as const;
    let state = 0;
    const random = (): number => (state = (state + 0.37) % 1);
    this.source = new RtspSource({ settings, clock: this.clock, log: this.log, hash, random });
  }

  /** One attempt; resolves with the error that ended it, undefined if it ended well. */
  async attempt(): Promise<WeirError | undefined> {
    try {
      await this.source.run(this, this.#stop.signal);
      return undefined;
    } catch (error) {
      assert.ok(error instanceof WeirError, String(error));
      return error;
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  announce(tracks: readonly TrackFormat[]): readonly TrackSink[] {
    this.announced.push(tracks);
    this.#event('announce');
    this.#event(`announce ${this.announced.length}`);
    return tracks.map((_, track) => ({
      packet: (bytes: Uint8Array, _arrivalMs: number, lostBefore: number) => {
        this.lost += lostBefore;
        this.#event(`${track}:${((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)}`);
      },
      senderReport: (ntpUtcMs: number, rtpTimestamp: number) => this.#event(`SR ${ntpUtcMs} ${rtpTimestamp}`),
      goodbye: () => this.#event(`${track}: goodbye`),
      accessUnit: () => assert.fail('a camera sends packets'),
      flush: () => this.#event('flush'),
    }));
  }

  async until(event: string): Promise<void> {
    while (!this.events.includes(event)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.push(resolve);
      await promise;
    }
  }

  #event(event: string): void {
    this.events.push(event);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

describe('a recorded camera is pulled:', () => {
  const rows: Readonly<
    Record<
      string,
      CameraScript & {
        readonly path: string;
        readonly encodings: readonly string[];
        readonly setUps: readonly string[];
        readonly skipped?: readonly string[];
      }
    >
  > = {
    Dahua: {
      path: '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif',
      describe: 'dahua_describe_h264_aac_onvif',
      setup: ['dahua_setup'],
      play: 'dahua_play',
      encodings: ['H264', 'MPEG4-GENERIC', 'VND.ONVIF.METADATA'],
      setUps: [
        '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=0',
        '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=1',
        '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif/trackID=4',
      ],
    },
    Hikvision: {
      path: '/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
      describe: 'hikvision_describe',
      setup: ['hikvision_setup'],
      play: 'hikvision_play',
      encodings: ['H264', 'VND.ONVIF.METADATA'],
      setUps: [
        '/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1',
        '/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1',
      ],
    },
    Reolink: {
      path: '/h264Preview_01_main',
      describe: 'reolink_describe',
      setup: ['reolink_setup'],
      play: 'reolink_play',
      encodings: ['H264', 'MPEG4-GENERIC'],
      setUps: ['/h264Preview_01_main/trackID=1', '/h264Preview_01_main/trackID=2'],
    },
    GW: {
      path: '/H264?channel=1&subtype=0&unicast=true&proto=Onvif',
      describe: 'gw_main_describe',
      setup: ['gw_main_setup_video', 'gw_main_setup_audio'],
      play: 'gw_main_play',
      recordedTransport: true,
      encodings: ['H264', 'PCMU'],
      setUps: [
        '/H264?channel=1&subtype=0&unicast=true&proto=Onvif/video',
        '/H264?channel=1&subtype=0&unicast=true&proto=Onvif/audio',
      ],
    },
    Wowza: {
      path: '/vod/mp4:BigBuckBunny_115k.mov',
      describe: 'bunny_describe',
      setup: ['bunny_setup'],
      play: 'bunny_play',
      encodings: ['MPEG4-GENERIC', 'H264'],
      setUps: ['/vod/mp4:BigBuckBunny_115k.mov/trackID=1', '/vod/mp4:BigBuckBunny_115k.mov/trackID=2'],
    },
    Foscam: {
      path: '/videoMain',
      describe: 'foscam_describe',
      encodings: ['H264', 'PCMU'],
      setUps: ['/videoMain/track1', '/videoMain/track2'],
    },
    'TP-Link': {
      path: '/stream1',
      describe: 'tplink_sdp',
      encodings: ['H265', 'PCMA'],
      setUps: ['/stream1/track1', '/stream1/track2'],
      skipped: ['application/TP-LINK: its media type is "application/TP-LINK"'],
    },
    UniFi: {
      path: '/x',
      describe: 'ubiquiti_sdp',
      encodings: ['MPEG4-GENERIC', 'OPUS', 'H264'],
      setUps: ['/x/trackID=0', '/x/trackID=1', '/x/trackID=2'],
    },
    libavformat: {
      path: '/s',
      describe: 'missing_content_type_describe',
      encodings: ['H264', 'MPEG4-GENERIC'],
      setUps: ['/s/streamid=0', '/s/streamid=1'],
    },
  };
  for (const [name, { path, encodings, setUps, skipped = [], ...script }] of Object.entries(rows)) {
    it(`${name}: its tracks, its packets, one connection, torn down`, async () => {
      await using camera = await FakeCamera.open(script);
      const run = new Run(camera.url('', path));
      const ended = run.attempt();
      await run.until('announce');
      for (let track = 0; track < encodings.length; track++) camera.sendPacket(2 * track, packet(100 + track));
      for (let track = 0; track < encodings.length; track++) await run.until(`${track}:${100 + track}`);
      run.stop();
      assert.equal(await ended, undefined);
      assert.deepEqual(
        run.announced[0]?.map(({ encoding }) => encoding),
        encodings,
      );
      const asked = camera.asked.filter(({ method }) => method === 'SETUP').map(({ uri }) => uri);
      assert.deepEqual(
        asked,
        setUps.map((rest) => camera.url('', rest)),
      );
      assert.deepEqual([camera.methods.at(-1), camera.connections], ['TEARDOWN', 1]);
      const unused = run.source.skipped.map(({ media, reason }) => `${media}: ${reason}`);
      assert.deepEqual(unused, skipped);
    });
  }

  it('H264DVR, which answers with UDP: source-refused, and says so', async () => {
    await using camera = await FakeCamera.open({
      describe: 'h264dvr_describe',
      setup: ['h264dvr_setup_video', 'h264dvr_setup_audio'],
      play: 'h264dvr_play',
    });
    const error = await new Run(camera.url()).attempt();
    assert.deepEqual([error?.code, error?.message], ['source-refused', 'The source answers SETUP with UDP']);
  });
});

describe('a login', () => {
  for (const login of ['Basic', 'MD5', 'SHA-256'] as const) {
    it(`by ${login}, with odd characters, the right one and a wrong one; no secret is told`, async () => {
      await using camera = await FakeCamera.open({ ...DAHUA, login });
      const run = new Run(camera.url(LOGIN_TEXT));
      const ended = run.attempt();
      await run.until('announce');
      run.stop();
      assert.equal(await ended, undefined);
      const wrong = new Run(camera.url('admin:top-secret'));
      const error = await wrong.attempt();
      assert.equal(error?.code, 'source-unauthorized');
      const told = JSON.stringify([
        error.describe(),
        run.source.label,
        wrong.source.label,
        run.log.lines,
        wrong.log.lines,
      ]);
      for (const secret of ['top-secret', LOGIN.password, LOGIN_TEXT]) assert.ok(!told.includes(secret), told);
      for (const { uri } of camera.asked) assert.ok(!uri.includes('@'));
      assert.equal(camera.connections, 2);
    });
  }

  it('to a camera that hangs up after the 401 (VStarcam)', async () => {
    await using camera = await FakeCamera.open({ ...DAHUA, login: 'MD5', closesAfterChallenge: true });
    const run = new Run(camera.url(LOGIN_TEXT));
    const ended = run.attempt();
    await run.until('announce');
    run.stop();
    assert.equal(await ended, undefined);
    assert.equal(camera.connections, 2);
  });

  it('that is missing', async () => {
    await using camera = await FakeCamera.open({ ...DAHUA, login: 'MD5' });
    assert.match((await new Run(camera.url()).attempt())?.message ?? '', /asks for a user name and password/);
  });
});

it('a redirect is followed', async () => {
  await using target = await FakeCamera.open({ ...DAHUA, login: 'MD5' });
  await using camera = await FakeCamera.open({ ...DAHUA, redirectTo: target.url('', '/other') });
  const run = new Run(camera.url(LOGIN_TEXT));
  const ended = run.attempt();
  await run.until('announce');
  run.stop();
  assert.equal(await ended, undefined);
  assert.equal(target.asked.at(-1)?.method, 'TEARDOWN');
});

it('a REDIRECT in mid-session is followed; the next server gets no report before its PLAY is answered', async () => {
  await using target = await FakeCamera.open({ ...DAHUA, ignores: 'PLAY' });
  await using camera = await FakeCamera.open(DAHUA);
  const run = new Run(camera.url());
  const ended = run.attempt();
  await run.until('announce');
  camera.sendPacket(0, packet(1));
  await run.until('0:1');
  camera.send(Buffer.from(`REDIRECT * RTSP/1.0\r\nCSeq: 3\r\nLocation: ${target.url('', '/other')}\r\n\r\n`, 'latin1'));
  await target.askedFor('PLAY');
  run.clock.advance(RECEIVER_REPORT_MS);
  run.stop();
  assert.equal(await ended, undefined);
  await camera.askedFor('TEARDOWN');
  assert.deepEqual([target.methods.at(-1), target.reports], ['TEARDOWN', []]);
});

describe('media', () => {
  it('comes in order, whole, flushed with each chunk; rubbish is skipped and counted', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const run = new Run(camera.url());
    const ended = run.attempt();
    await run.until('announce');
    const garbage = Uint8Array.of(0x24, 0x24, 9, 9, 1, 2, 3);
    camera.send(
      Buffer.concat([
        frame(0, packet(1, 5000)),
        garbage,
        frame(2, packet(7)),
        frame(0, packet(2)),
        frame(0, packet(2)),
      ]),
    );
    await run.until('0:2');
    camera.send(frame(0, packet(5)));
    await run.until('0:5');
    run.stop();
    await ended;
    assert.deepEqual(
      run.events.filter((event) => event.includes(':')),
      ['0:1', '1:7', '0:2', '0:5'],
    );
    assert.equal(run.events.at(-1), 'flush');
    assert.deepEqual([run.source.faults['garbageBytes'], run.source.faults['resyncs']], [7, 1]);
    assert.ok(run.log.lines.some(({ fields }) => fields['garbageBytes'] === 7));
  });

  it('of an attempt that was left comes beside that of the next: each fault is counted once', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const run = new Run(camera.url());
    const first = run.attempt();
    await run.until('announce');
    camera.send(rubbish(1));
    await run.until('0:1');
    const next = new AbortController();
    const second = run.source.run(run, next.signal);
    await run.until('announce 2');
    camera.send(rubbish(2));
    await run.until('0:2');
    assert.equal(run.source.faults['garbageBytes'], 6);
    run.stop();
    await first;
    assert.equal(run.source.faults['garbageBytes'], 6);
    next.abort();
    await second;
    assert.equal(run.source.faults['garbageBytes'], 6);
  });

  it('is reported on every 4 s, on the RTCP channel of the track', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const run = new Run(camera.url());
    const ended = run.attempt();
    await run.until('announce');
    camera.sendPacket(0, packet(10));
    camera.sendPacket(0, packet(12));
    camera.sendPacket(
      1,
      writeSenderReport({
        ssrc: SSRC,
        utcMs: 1_700_000_000_500,
        rtpTimestamp: 77,
        packets: 2,
        octets: 200,
        cname: 'c',
      }),
    );
    await run.until('SR 1700000000500 77');
    run.clock.advance(RECEIVER_REPORT_MS);
    await camera.reported(1);
    const [report] = camera.reports;
    const [first] = parseRtcp(report?.packet ?? new Uint8Array(0)).packets;
    assert.ok(first?.kind === 'receiver-report');
    assert.deepEqual([report?.channel, first.reports[0]?.ssrc, first.reports[0]?.cumulativeLost], [1, SSRC, 1]);
    assert.ok((first.reports[0]?.delaySinceLastSenderReport ?? 0) > 0);
    run.stop();
    await ended;
  });

  it('that stops: source-silent after the time-out, and TEARDOWN', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const run = new Run(camera.url());
    const ended = run.attempt();
    await run.until('announce');
    camera.sendPacket(0, packet(1));
    await run.until('0:1');
    run.clock.advance(TIMEOUTS.idleMs);
    const error = await ended;
    assert.deepEqual([error?.code, error?.row.retry, camera.methods.at(-1)], ['source-silent', true, 'TEARDOWN']);
  });

  it('that breaks off: source-closed; the next attempt announces again', async () => {
    await using camera = await FakeCamera.open(DAHUA);
    const run = new Run(camera.url());
    const ended = run.attempt();
    await run.until('announce');
    camera.die();
    assert.equal((await ended)?.code, 'source-closed');
    const again = run.attempt();
    await camera.askedFor('PLAY', 2);
    run.stop();
    assert.equal(await again, undefined);
  });
});

describe('over UDP', () => {
  const OVER_UDP: CameraScript = { ...DAHUA, overUdp: true };

  it('media comes to ports of its own, in order; it is reported on, and left with BYE', async () => {
    await using camera = await FakeCamera.open(OVER_UDP);
    const run = new Run(camera.url(), 'udp');
    const ended = run.attempt();
    await run.until('announce');
    await camera.reported(4);
    assert.deepEqual(
      camera.reports.map(({ packet: punch }) => punch.length).toSorted((a, b) => a - b),
      [8, 8, 12, 12],
      'both tracks are punched through',
    );
    for (const sequence of [1, 3, 3, 2]) camera.sendDatagram(0, 'rtp', packet(sequence));
    camera.sendDatagram(1, 'rtp', packet(9));
    await run.until('0:3');
    await run.until('1:9');
    assert.deepEqual(
      run.events.filter((event) => event.startsWith('0:')),
      ['0:1', '0:2', '0:3'],
    );
    assert.equal(run.source.faults['doubledPackets'], 1);
    run.clock.advance(RECEIVER_REPORT_MS);
    await camera.reported(6);
    const [first] = parseRtcp(camera.reports[4]?.packet ?? new Uint8Array(0)).packets;
    assert.ok(first?.kind === 'receiver-report');
    assert.equal(first.reports[0]?.ssrc, SSRC);
    run.stop();
    assert.equal(await ended, undefined);
    await camera.reported(8);
    const last = parseRtcp(camera.reports.at(-1)?.packet ?? new Uint8Array(0)).packets;
    assert.deepEqual([last.at(-1)?.kind, camera.methods.at(-1)], ['goodbye', 'TEARDOWN']);
  });

  it('a group that cannot be joined ends the attempt, which is tried again', async () => {
    // Nobody has this group's port but us, nor is another run of this test on it.
    const group = `239.23.${(process.pid >> 8) & 255}.${process.pid & 255}`;
    const taken = await bindUdp({ host: group, port: 0 });
    await using camera = await FakeCamera.open({ ...DAHUA, group: [group, taken.port] });
    const error = await new Run(camera.url(), 'multicast').attempt();
    assert.deepEqual([error?.code, error?.row.retry], ['source-unreceivable', true]);
    await taken.close();
  });

  it('through a bad network: in order, and counted as it was lost and doubled', async () => {
    await using camera = await FakeCamera.open(OVER_UDP);
    const run = new Run(camera.url(), 'udp');
    const ended = run.attempt();
    await run.until('announce');
    const seed = unitSeed();
    const relay = new LossyRelay(seededRandom(seed), (datagram) => camera.sendDatagram(0, 'rtp', datagram));
    camera.sendDatagram(0, 'rtp', packet(0));
    relay.weather = { lost: 0.05, doubled: 0.05, reordered: 0.1 };
    for (let sequence = 1; sequence <= BAD_NETWORK_PACKETS; sequence++) {
      if (sequence % BURST !== 0) {
        relay.push(packet(sequence));
        continue;
      }
      // What the socket holds is bounded: the last of a burst comes whatever the weather, and is waited for.
      relay.flush();
      camera.sendDatagram(0, 'rtp', packet(sequence));
      await run.until(`0:${sequence - BURST}`);
    }
    // With so many after it nothing is waited for any more.
    for (let more = 1; more <= REORDER_WINDOW_PACKETS; more++)
      camera.sendDatagram(0, 'rtp', packet(BAD_NETWORK_PACKETS + more));
    await run.until(`0:${BAD_NETWORK_PACKETS}`);
    run.stop();
    await ended;
    const came = run.events.filter((event) => event.startsWith('0:')).map((event) => Number(event.slice(2)));
    assert.deepEqual(
      came,
      came.toSorted((a, b) => a - b),
      `seed ${seed}`,
    );
    const { lost, doubled } = relay.injected;
    assert.deepEqual([run.lost, run.source.faults['doubledPackets']], [lost, doubled], `seed ${seed}`);
  });

  it('is found out, and begun with the next time', async () => {
    await using camera = await FakeCamera.open(OVER_UDP);
    const run = new Run(camera.url(), 'auto');
    for (const sequence of [1, 2]) {
      const ended = run.attempt();
      await camera.askedFor('PLAY', sequence);
      await run.until(`announce ${sequence}`);
      camera.sendDatagram(0, 'rtp', packet(sequence));
      await run.until(`0:${sequence}`);
      camera.die();
      assert.equal((await ended)?.code, 'source-closed');
    }
    assert.deepEqual([camera.connections, run.source.faults['transportFallbacks']], [3, 1]);
  });

  it('silence in it too is the end', async () => {
    await using camera = await FakeCamera.open(OVER_UDP);
    const run = new Run(camera.url(), 'auto');
    const ended = run.attempt();
    await run.until('announce');
    run.clock.advance(TIMEOUTS.firstByteMs);
    const error = await ended;
    assert.deepEqual(
      [error?.code, error?.message],
      ['source-silent', 'No media within 15000 ms of PLAY, over TCP and over UDP'],
    );
  });
});

describe('the end', () => {
  it('does not wait for a TEARDOWN that is not answered', async () => {
    await using camera = await FakeCamera.open({ ...DAHUA, ignores: 'TEARDOWN' });
    const run = new Run(camera.url());
    const ended = run.attempt();
    await run.until('announce');
    run.stop();
    await camera.askedFor('TEARDOWN');
    run.clock.advance(500);
    assert.equal(await ended, undefined);
  });

  for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']) {
    it(`comes by time-out and by stop while ${method} is not answered`, async () => {
      await using camera = await FakeCamera.open({ ...DAHUA, ignores: method });
      const slow = new Run(camera.url());
      const slowEnd = slow.attempt();
      await camera.askedFor(method);
      slow.clock.advance(TIMEOUTS.connectMs);
      const error = await slowEnd;
      assert.deepEqual([error?.code, error?.message], ['source-timeout', `No answer to ${method} within 10000 ms`]);
      const stopped = new Run(camera.url());
      const stoppedEnd = stopped.attempt();
      await camera.askedFor(method, 2);
      stopped.stop();
      assert.equal(await stoppedEnd, undefined);
    });
  }

  it('comes at once when stopped before or while connecting', async () => {
    const before = new Run('rtsp://192.0.2.1/live');
    before.stop();
    assert.equal(await before.attempt(), undefined);
    const meanwhile = new Run('rtsp://192.0.2.1/live');
    const ended = meanwhile.attempt();
    meanwhile.stop();
    assert.equal(await ended, undefined);
  });

  it('comes of a port where nobody listens, and of a URL that is none', async () => {
    const camera = await FakeCamera.open(DAHUA);
    await camera[Symbol.asyncDispose]();
    assert.equal((await new Run(camera.url()).attempt())?.code, 'source-unreachable');
    const error = await new Run('rtsp://user:pa/ss@host/').attempt();
    assert.deepEqual([error?.code, error?.row.retry], ['source-url-invalid', false]);
  });
});
