import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../core/errors.ts';
import { SESSION_GRACE_MS, SESSION_TIMEOUT_S } from '../../core/rtsp/server/connection.ts';
import { utcMsFromNtp } from '../../core/rtcp/ntp.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import type { SenderReport } from '../../core/rtcp/packet.ts';
import { SENDER_REPORT_MS, writeReceiverReport } from '../../core/rtcp/write.ts';
import { READER_QUEUE_BYTES, READER_STALLED_MS } from '../../stream/reader-queue.ts';
import { TRACKS_WAIT_MS } from './answers.ts';
import type { Frame } from './fake-peer.ts';
import { AUDIO, batchOf, VIDEO } from './fake-stream.ts';
import { CLOSE_LINGER_MS } from './message-stream.ts';
import { House } from './fake-house.ts';

function senderReport(frame: Frame | undefined): SenderReport {
  const [packet] = parseRtcp(frame?.payload ?? new Uint8Array()).packets;
  assert.ok(packet?.kind === 'sender-report');
  return packet;
}

function timesOf(frames: readonly Frame[]): readonly number[] {
  return frames.map(({ payload }) => payload.readUInt32BE(4));
}

function isGoodbye(frame: Frame | undefined): boolean {
  return parseRtcp(frame?.payload ?? new Uint8Array()).packets.some(({ kind }) => kind === 'goodbye');
}

const SESSION_TIMEOUT_MS = SESSION_TIMEOUT_S * 1000 + SESSION_GRACE_MS;

describe('reading', () => {
  it('describes the stream', async () => {
    await using house = await House.open();
    const peer = house.peer();
    const reply = await peer.ask('DESCRIBE');
    assert.equal(reply.headers.get('Content-Base'), `${peer.base}/`);
    const sdp = new TextDecoder().decode(reply.body);
    assert.match(sdp, /^v=0\r\no=- \d+ 1 IN IP4 127\.0\.0\.1\r\ns=yard\r\n/);
    assert.match(sdp, /a=range:npt=now-\r\n/);
    assert.match(
      sdp,
      /m=video 0 RTP\/AVP 96\r\n.*a=control:trackID=0\r\nm=audio 0 RTP\/AVP 8\r\n.*a=control:trackID=1\r\n$/s,
    );
    house.yard.list = [VIDEO];
    const changed = new TextDecoder().decode((await peer.ask('DESCRIBE')).body);
    assert.match(changed, /^v=0\r\no=- \d+ 2 /);
    assert.doesNotMatch(changed, /m=audio/);
  });

  it('sends reports, then the burst, then every batch, as the relay framed them', async () => {
    await using house = await House.open();
    const peer = house.peer();
    house.yard.burst = [batchOf(0, 9000, true), batchOf(1, 800, false), batchOf(0, 12_600, false)];
    const reply = await peer.play();
    assert.equal(
      reply.headers.get('RTP-Info'),
      `url=${peer.base}/trackID=0;seq=9000;rtptime=9000,url=${peer.base}/trackID=1;seq=800;rtptime=800`,
    );
    const [video, audio, ...burst] = await peer.take(5);
    assert.deepEqual([senderReport(video).rtpTimestamp, senderReport(audio).rtpTimestamp], [9000, 800]);
    assert.deepEqual(
      burst.map(({ channel, payload }) => [channel, payload.readUInt32BE(4)]),
      [
        [0, 9000],
        [2, 800],
        [0, 12_600],
      ],
    );
    house.yard.deliver(batchOf(0, 16_200, false));
    const [live] = await peer.take(1);
    assert.deepEqual(live, { channel: 0, payload: Buffer.from(batchOf(0, 16_200, false).buffer.subarray(4)) });
  });

  it('a track with nothing in memory: RTP-Info says its time where the others begin', async () => {
    await using house = await House.open();
    const peer = house.peer();
    house.yard.clock = { ntpUtcMs: 10_000, rtpTimestamp: 8000 };
    // The picture began half a second before the moment of the clock.
    house.yard.burst = [batchOf(0, 8000 - 45_000 + 2 ** 32, true)];
    const reply = await peer.play();
    assert.equal(
      reply.headers.get('RTP-Info'),
      `url=${peer.base}/trackID=0;seq=28536;rtptime=4294930296,url=${peer.base}/trackID=1;rtptime=4000`,
    );
  });

  it('serves other channels, and one track alone', async () => {
    await using house = await House.open();
    const swapped = house.peer();
    const alone = house.peer();
    house.yard.burst = [batchOf(0, 9000, true), batchOf(1, 800, false)];
    await swapped.play([8, 5]);
    await alone.play([4]);
    assert.deepEqual(
      (await swapped.take(4)).map(({ channel }) => channel),
      [9, 6, 8, 5],
    );
    house.yard.deliver(batchOf(1, 960, false));
    house.yard.deliver(batchOf(0, 12_600, false));
    assert.deepEqual(
      (await alone.take(3)).map(({ channel }) => channel),
      [5, 4, 4],
    );
    assert.deepEqual(
      (await swapped.take(2)).map(({ channel }) => channel),
      [5, 8],
    );
  });

  it('without a GOP in memory begins at a key frame', async () => {
    await using house = await House.open();
    const peer = house.peer();
    assert.equal((await peer.play([0])).headers.get('RTP-Info'), undefined);
    await peer.take(1);
    for (const [ticks, key] of [
      [1, false],
      [2, true],
      [3, false],
    ] as const)
      house.yard.deliver(batchOf(0, ticks, key));
    assert.deepEqual(
      (await peer.take(2)).map(({ payload }) => payload.readUInt32BE(4)),
      [2, 3],
    );
  });

  it('of two pictures begins at a key frame of the first that it takes, also where that one is not the first of all', async () => {
    await using house = await House.open();
    house.yard.list = [VIDEO, { ...VIDEO, index: 1, ssrc: 0x33 }];
    const both = house.peer();
    const second = house.peer();
    await both.play([0, 2]);
    const transport = { Transport: 'RTP/AVP/TCP;unicast;interleaved=2-3' };
    const setup = await second.ask('SETUP', '/trackID=1', transport);
    await second.ask('PLAY', '', { Session: setup.headers.get('Session')?.split(';')[0] ?? '' });
    await both.take(2);
    await second.take(1);
    for (const [track, ticks, key] of [
      [1, 1, true],
      [0, 2, false],
      [0, 3, true],
      [1, 4, false],
    ] as const)
      house.yard.deliver(batchOf(track, ticks, key));
    assert.deepEqual(timesOf(await both.take(2)), [3, 4]);
    assert.deepEqual(timesOf(await second.take(2)), [1, 4]);
  });

  it('asks the stream for the start that the URL names', async () => {
    await using house = await House.open();
    for (const query of ['', '?start=gop', '?start=key', '?start=live']) await house.peer(`yard${query}`).play([0]);
    assert.deepEqual(house.yard.starts, ['live', 'gop', 'key', 'live']);
  });

  it('reports as a sender every 5 s, also while nothing comes (UniFi Protect drifts without: g2r#2303)', async () => {
    await using house = await House.open();
    const peer = house.peer();
    house.yard.clock = { ntpUtcMs: house.clock.utcMs() - 1000, rtpTimestamp: 2 ** 32 - 90_000 };
    house.yard.burst = [batchOf(0, 0, true)];
    await peer.play([0]);
    const [first] = await peer.take(2);
    assert.deepEqual([senderReport(first).packets, senderReport(first).rtpTimestamp], [0, 0]);
    house.clock.advance(SENDER_REPORT_MS);
    const second = senderReport((await peer.take(1))[0]);
    assert.deepEqual([second.ssrc, second.packets, second.octets], [VIDEO.ssrc, 1, 88]);
    assert.equal(Math.round(utcMsFromNtp(second.ntpSeconds, second.ntpFraction)), house.clock.utcMs());
    assert.equal(second.rtpTimestamp, 90 * SENDER_REPORT_MS);
  });

  it('reads receiver reports', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play();
    assert.equal(house.server.sessions()[0]?.reported, undefined);
    const block = { ssrc: AUDIO.ssrc, fractionLost: 64, cumulativeLost: 1, highestSequence: 1, jitter: 0 };
    peer.send(3, writeReceiverReport(1, [{ ...block, lastSenderReport: 0, delaySinceLastSenderReport: 0 }], 'x'));
    await peer.ask('OPTIONS');
    const [status] = house.server.sessions();
    assert.deepEqual(
      [status?.reported?.loss, status?.state, status?.kind, status?.stream],
      [0.25, 'playing', 'reader', 'yard'],
    );
  });

  it('PAUSE detaches, PLAY attaches again', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play([0]);
    assert.equal((await peer.ask('PAUSE')).status, 200);
    assert.equal(house.yard.readers.size, 0);
    house.yard.burst = [batchOf(0, 7, true)];
    assert.equal((await peer.ask('PLAY')).status, 200);
    assert.equal((await peer.take(3))[2]?.payload.readUInt32BE(4), 7);
    assert.equal(house.yard.readers.size, 1);
    assert.equal((await peer.ask('TEARDOWN')).status, 200);
    assert.equal(house.yard.readers.size, 0);
    assert.equal((await peer.ask('OPTIONS')).status, 200);
  });

  it('leaves the stream when its connection closes', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play();
    const other = house.peer();
    await other.play();
    peer.socket.destroy();
    await house.until('its connection is closed', () => house.server.connections.open === 1, other);
    assert.equal(house.yard.readers.size, 1);
  });

  it('a stream that ends it says BYE for each track, and the connection closes', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play();
    await peer.take(2);
    for (const reader of house.yard.readers) reader.end(new WeirError('tracks-changed', 'another codec'));
    const frames = await peer.take(2);
    assert.deepEqual(frames.map(isGoodbye), [true, true]);
    await peer.closed();
    assert.equal(house.yard.readers.size, 0);
  });

  it('an unknown stream: 404; one that does not come in time: 503', async () => {
    await using house = await House.open();
    assert.equal((await house.peer('lobby').ask('DESCRIBE')).status, 404);
    house.yard.list = undefined;
    const peer = house.peer();
    const described = peer.ask('DESCRIBE');
    await house.until('it waits for its source', () => house.yard.waiting === 1);
    house.clock.advance(TRACKS_WAIT_MS);
    assert.equal((await described).status, 503);
  });

  it('a reader that says nothing and takes what it gets stays, also while its source is away; paused it ends', async () => {
    await using house = await House.open();
    const peer = house.peer();
    const session = await peer.play([0]);
    for (let passedMs = 0; passedMs <= 2 * SESSION_TIMEOUT_MS; passedMs += 10_000) {
      house.clock.advance(10_000);
      house.yard.deliver(batchOf(0, passedMs, true));
    }
    house.clock.advance(2 * SESSION_TIMEOUT_MS);
    house.yard.deliver(batchOf(0, 1, true));
    assert.equal(house.yard.readers.size, 1);
    while ((await peer.take(1))[0]?.payload.readUInt32BE(4) !== 1);
    assert.equal((await peer.ask('PAUSE', '', { Session: session.headers.get('Session') ?? '' })).status, 200);
    house.clock.advance(SESSION_TIMEOUT_MS + 1000);
    await peer.closed();
  });

  it('a slow reader loses up to a key frame and slows nobody (mtx#5162); a hopeless one is closed', async () => {
    await using house = await House.open();
    const slow = house.peer();
    const quick = house.peer();
    await slow.play([0]);
    await quick.play([0]);
    slow.socket.pause();
    const batches = (3 * READER_QUEUE_BYTES) / 60_000;
    let sent = 0;
    const dropped = (): number => house.server.sessions().reduce((sum, { droppedBatches }) => sum + droppedBatches, 0);
    while (dropped() === 0) {
      assert.ok(sent < 10 * batches, 'the queue is bounded');
      for (let i = 0; i < 20; i++) house.yard.deliver(batchOf(0, sent++, i === 0, 60_000));
      await quick.take(sent === 20 ? 21 : 20);
    }
    assert.equal(house.yard.readers.size, 2);
    for (let waited = 0; waited <= READER_STALLED_MS; waited += 10_000) {
      house.clock.advance(10_000);
      await quick.ask('OPTIONS');
    }
    await house.until('it is closed', () => house.yard.readers.size === 1, quick);
    assert.equal(house.server.sessions().length, 1);
    assert.deepEqual(house.closedConnections(), { 'reader-too-slow': 1 });
  });
});

describe('the server', () => {
  it('throws away what a peer does not take of a closed connection', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play([0]);
    peer.socket.pause();
    const dropped = (): number => house.server.sessions()[0]?.droppedBatches ?? 0;
    for (let sent = 0; dropped() === 0; sent++) house.yard.deliver(batchOf(0, sent, sent % 20 === 0, 60_000));
    for (const reader of house.yard.readers) reader.end(new WeirError('stream-removed', 'gone'));
    house.clock.advance(CLOSE_LINGER_MS);
    assert.equal(house.server.connections.open, 1);
    house.clock.advance(CLOSE_LINGER_MS);
    const other = house.peer();
    await other.ask('OPTIONS');
    assert.equal(house.server.connections.open, 1, 'the other alone');
  });

  it('says in the log what it refused', async () => {
    await using house = await House.open();
    await house.peer('nobody').ask('DESCRIBE');
    const [line] = house.log.lines.filter(({ fields }) => fields['code'] === 'stream-unknown');
    assert.equal(line?.message, 'Refused to describe: There is no stream "nobody"');
    assert.equal(line.fields['stream'], 'nobody');
  });

  it('closing says BYE and closes everything, twice if asked twice', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play();
    await peer.take(2);
    const closed = house.server.close();
    assert.deepEqual((await peer.take(2)).map(isGoodbye), [true, true]);
    await Promise.all([peer.closed(), closed, house.server.close()]);
    assert.equal(house.server.connections.open, 0);
  });

  it('answers junk with 400 and closes; rubbish between requests is passed over', async () => {
    await using house = await House.open();
    const patient = house.peer();
    await patient.ask('OPTIONS');
    patient.socket.write('\0\x01rubbish$$$');
    assert.equal((await patient.ask('OPTIONS')).status, 200);
    const junk = house.peer();
    junk.socket.write('PUT / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await junk.reply()).status, 400);
    await junk.closed();
  });

  it('who begins with TLS is closed at once, and the log says so', async () => {
    await using house = await House.open();
    const peer = house.peer();
    peer.socket.write(Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
    await peer.closed();
    const { fields, message } = house.log.lines.at(-1) ?? {};
    assert.equal(fields?.['code'], 'rtsp-malformed');
    assert.match(message ?? '', /speaks TLS; expected rtsp:/);
    const later = house.peer();
    assert.equal((await later.ask('OPTIONS')).status, 200);
    later.socket.write(Uint8Array.from([22, 3, 1]));
    assert.equal((await later.ask('OPTIONS')).status, 200);
  });

  it('a session over another connection plays on its own', async () => {
    await using house = await House.open();
    const owner = house.peer();
    const other = house.peer();
    const setup = await owner.ask('SETUP', '/trackID=0', { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
    const session = { Session: setup.headers.get('Session') ?? '' };
    assert.equal((await other.ask('PLAY', '', session)).status, 200);
    house.yard.deliver(batchOf(0, 5, true));
    assert.equal((await owner.take(2))[1]?.payload.readUInt32BE(4), 5);
    assert.equal((await other.ask('TEARDOWN', '', session)).status, 200);
    assert.equal(house.yard.readers.size, 0);
    assert.equal((await owner.ask('PLAY', '', session)).status, 454);
    assert.equal(other.frames.length, 0);
  });
});
