import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../core/errors.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { writeSenderReport } from '../../core/rtcp/write.ts';
import { ANNOUNCED } from '../../core/rtsp/server/fake-peer.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { RECEIVER_REPORT_MS } from '../../stream/rtp-ingest.ts';
import type { Source, SourceSink, TrackSink } from '../../stream/source.ts';
import type { Peer } from './fake-peer.ts';
import { batchOf } from './fake-stream.ts';
import { House } from './fake-house.ts';
import { PUBLISHER_SILENCE_MS } from './publisher-session.ts';

/** What a stream hears of its source, as lines. */
class Heard implements SourceSink {
  readonly lines: string[] = [];
  readonly #stop = new AbortController();
  #wake = Promise.withResolvers<void>();

  announce(tracks: readonly TrackFormat[]): readonly TrackSink[] {
    this.#note(`announce ${tracks.map(({ encoding }) => encoding).join(' ')}`);
    return tracks.map((_, track) => ({
      packet: (packet) => this.#note(`${track}: packet ${Buffer.from(packet).readUInt32BE(4)}`),
      senderReport: (ntpUtcMs, rtpTimestamp) => this.#note(`${track}: report ${ntpUtcMs} ${rtpTimestamp}`),
      goodbye: () => this.#note(`${track}: goodbye`),
      accessUnit: () => this.#note(`${track}: access unit`),
      flush: () => this.#note(`${track}: flush`),
    }));
  }

  /** As a stream's supervisor does: the reason why it ended is what the publisher is told. */
  run(source: Source, reason?: WeirError): Promise<WeirError | undefined> {
    return source.run(this, this.#stop.signal).then(
      () => reason,
      (error: unknown) => {
        assert.ok(error instanceof WeirError);
        this.#note(error.code);
        return undefined;
      },
    );
  }

  stop(): void {
    this.#stop.abort();
  }

  async until(line: string): Promise<void> {
    while (!this.lines.includes(line)) await this.#wake.promise;
  }

  #note(line: string): void {
    this.lines.push(line);
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}

function rtp(ticks: number): Uint8Array {
  return batchOf(0, ticks, false).buffer.subarray(4);
}

async function announced(house: House): Promise<Peer> {
  const peer = house.peer();
  assert.equal((await peer.ask('ANNOUNCE', '', { 'Content-Type': 'application/sdp' }, ANNOUNCED)).status, 200);
  for (const track of [0, 1]) {
    const transport = `RTP/AVP/TCP;unicast;interleaved=${2 * track}-${2 * track + 1};mode=record`;
    assert.equal((await peer.ask('SETUP', `/streamid=${track}`, { Transport: transport })).status, 200);
  }
  return peer;
}

async function publishing(house: House, reason?: WeirError): Promise<{ readonly peer: Peer; readonly heard: Heard }> {
  const heard = new Heard();
  house.registry.take = (source) => heard.run(source, reason);
  const peer = await announced(house);
  assert.equal((await peer.ask('RECORD')).status, 200);
  return { peer, heard };
}

function fault(): never {
  throw new RangeError('ours');
}

describe('publishing', () => {
  it('PAUSE lets go of the stream, and RECORD takes it up again', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house);
    assert.equal((await peer.ask('PAUSE')).status, 200);
    await heard.until('publisher-gone');
    peer.send(0, rtp(5));
    assert.equal((await peer.ask('RECORD')).status, 200);
    peer.send(0, rtp(6));
    await heard.until('0: packet 6');
    const begun = heard.lines.filter((line) => line.startsWith('announce'));
    assert.deepEqual([begun.length, heard.lines.includes('0: packet 5')], [2, false]);
    assert.equal(house.server.sessions()[0]?.state, 'recording');
  });

  it('a fault of ours costs its connection, said, and nobody else theirs: at once, in time, or behind a publisher', async () => {
    await using house = await House.open();
    const [other, early] = [house.peer(), house.peer()];
    const { peer, heard } = await publishing(house);
    house.registry.take = (source) => heard.run(source).then(fault);
    const later = await announced(house);
    assert.equal((await later.ask('RECORD')).status, 200);
    heard.stop();
    await later.closed();
    house.registry.take = fault;
    const refused = await announced(house);
    refused.say('RECORD');
    await refused.closed();
    house.registry.publishError = fault;
    early.say('ANNOUNCE', '', { 'Content-Type': 'application/sdp' }, ANNOUNCED);
    await early.closed();
    await peer.closed();
    assert.equal((await other.ask('OPTIONS')).status, 200);
    const said = house.log.lines.filter(({ level }) => level === 'error').map(({ message }) => message);
    assert.deepEqual(said, [
      'The RTSP request record failed',
      'The RTSP request record failed',
      'The RTSP request announce failed',
    ]);
  });

  it('says what of it cannot be taken', async () => {
    await using house = await House.open();
    const heard = new Heard();
    house.registry.take = (source) => heard.run(source);
    const peer = house.peer();
    const more = 'm=vana 0 RTP/AVP 99\r\na=rtpmap:99 X/1\r\na=control:streamid=2\r\n';
    const headers = { 'Content-Type': 'application/sdp' };
    assert.equal((await peer.ask('ANNOUNCE', '', headers, ANNOUNCED + more)).status, 200);
    const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record' };
    assert.equal((await peer.ask('SETUP', '/streamid=0', transport)).status, 200);
    assert.equal((await peer.ask('RECORD')).status, 200);
    assert.deepEqual(house.registry.published[0]?.skipped, [{ media: 'vana', reason: 'its media type is "vana"' }]);
  });

  it('delivers packets and reports, and flushes after each chunk', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house);
    peer.send(0, rtp(1));
    peer.send(2, rtp(2));
    await heard.until('1: packet 2');
    const report = { ssrc: 1, rtpTimestamp: 77, packets: 0, octets: 0, cname: 'x', utcMs: 1_700_000_000_000 };
    peer.send(1, writeSenderReport(report));
    await heard.until('0: report 1700000000000 77');
    peer.send(0, writeSenderReport({ ...report, rtpTimestamp: 78 }));
    await heard.until('0: report 1700000000000 78');
    assert.deepEqual(heard.lines.slice(0, 2), ['announce H264 MPEG4-GENERIC', '0: packet 1']);
    assert.ok(heard.lines.includes('0: flush'));
    const [source] = house.registry.published;
    assert.deepEqual([source?.kind, source?.label.startsWith('127.0.0.1:')], ['publish', true]);
    const [status] = house.server.sessions();
    assert.deepEqual([status?.kind, status?.state, status?.bytes], ['publisher', 'recording', 200]);
  });

  it('reports what it received within 5 s', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house);
    peer.send(0, rtp(1));
    await heard.until('0: packet 1');
    house.clock.advance(RECEIVER_REPORT_MS + 1000);
    const frames = await peer.take(2);
    assert.deepEqual(
      frames.map(({ channel }) => channel),
      [1, 3],
    );
    const [report] = parseRtcp(frames[0]?.payload ?? new Uint8Array()).packets;
    assert.ok(report?.kind === 'receiver-report');
    assert.deepEqual([report.reports.length, report.reports[0]?.highestSequence], [1, 1]);
  });

  it('ends by TEARDOWN, and the connection stays', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house);
    assert.equal((await peer.ask('TEARDOWN')).status, 200);
    await heard.until('publisher-gone');
    assert.equal((await peer.ask('ANNOUNCE', '', {}, ANNOUNCED)).status, 200);
  });

  it('ends with its connection', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house);
    peer.socket.destroy();
    await heard.until('publisher-gone');
  });

  it('ends when it is silent, though it asks for things', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house);
    house.clock.advance(PUBLISHER_SILENCE_MS - 1000);
    await peer.ask('OPTIONS');
    assert.ok(!heard.lines.includes('source-silent'));
    house.clock.advance(1000);
    await heard.until('source-silent');
    await peer.closed();
    assert.deepEqual(house.closedConnections(), { 'source-silent': 1 });
  });

  it('is closed when another takes over', async () => {
    await using house = await House.open();
    const { peer, heard } = await publishing(house, new WeirError('taken-over', 'another publisher came'));
    heard.stop();
    await peer.closed();
    assert.equal(house.server.sessions().length, 0);
  });

  it('is refused at ANNOUNCE, or at RECORD if the stream changed its mind; the session may ask again', async () => {
    await using house = await House.open();
    const peer = await announced(house);
    house.registry.publish = () => Promise.reject(new WeirError('stream-busy', 'somebody was quicker'));
    assert.equal((await peer.ask('RECORD')).status, 453);
    assert.equal((await peer.ask('RECORD')).status, 453);
    house.registry.refusal = new WeirError('publish-refused', 'no');
    assert.equal((await house.peer().ask('ANNOUNCE', '', {}, ANNOUNCED)).status, 403);
  });

  it('a stream that lets go before it begins refuses RECORD', async () => {
    await using house = await House.open();
    const peer = await announced(house);
    house.registry.take = () => Promise.resolve(new WeirError('stream-removed', 'the configuration changed'));
    assert.equal((await peer.ask('RECORD')).status, 404);
    assert.equal(house.server.sessions()[0]?.state, 'ready');
  });
});

describe('login', () => {
  const users = [
    { name: 'ann', password: 'a:b', may: ['read', 'publish'] as const, streams: undefined },
    { name: 'bob', password: 'b', may: ['read'] as const, streams: ['lobby'] },
  ];
  const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };

  it('asks who it is, lets in who may, and refuses who may not', async () => {
    await using house = await House.open({ kind: 'users', users });
    const peer = house.peer();
    const challenge = await peer.ask('DESCRIBE');
    assert.equal(challenge.status, 401);
    assert.equal(challenge.headers.getAll('WWW-Authenticate').length, 3);
    assert.equal((await peer.ask('OPTIONS')).status, 200);
    assert.equal((await peer.ask('DESCRIBE', '', basic('ann:a:b'))).status, 200);
    assert.equal((await peer.ask('SETUP', '/trackID=0', transport)).status, 401);
    assert.equal((await peer.ask('SETUP', '/trackID=0', { ...transport, ...basic('ann:a:b') })).status, 200);
    assert.equal((await peer.ask('PLAY')).status, 200);
    assert.equal(house.server.sessions()[0]?.user, 'ann');
    assert.equal((await peer.ask('DESCRIBE', '', basic('bob:b'))).status, 403);
    assert.equal((await house.peer().ask('ANNOUNCE', '', basic('bob:b'), ANNOUNCED)).status, 403);
    assert.equal((await house.peer().ask('ANNOUNCE', '', basic('ann:a:b'), ANNOUNCED)).status, 200);
  });

  it('stops guessing, of that user from that address alone, for a while', async () => {
    await using house = await House.open({ kind: 'users', users });
    const peer = house.peer();
    const statuses: number[] = [];
    while (statuses.at(-1) !== 403 && statuses.length < 100)
      statuses.push((await peer.ask('DESCRIBE', '', basic('ann:wrong'))).status);
    assert.ok(statuses.length > 5);
    assert.ok(statuses.slice(0, -1).every((status) => status === 401));
    assert.equal((await peer.ask('DESCRIBE', '', basic('ann:a:b'))).status, 403);
    assert.equal((await peer.ask('DESCRIBE', '', basic('bob:wrong'))).status, 401);
    house.clock.advance(59_000);
    house.clock.advance(2_000);
    assert.equal((await house.peer().ask('DESCRIBE', '', basic('ann:a:b'))).status, 200);
  });
});

function basic(user: string): Record<string, string> {
  return { Authorization: `Basic ${btoa(user)}` };
}
