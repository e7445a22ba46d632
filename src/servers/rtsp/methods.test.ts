/** What the edge makes of PAUSE, GET_PARAMETER and REDIRECT. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { writeReceiverReport } from '../../core/rtcp/write.ts';
import { RESUME_WAIT_MS } from './answers.ts';
import { REPLY_MS_MAX } from './reader-session.ts';
import { REDIRECT_MS } from './session-media.ts';
import { House } from './fake-house.ts';
import { batchOf, VIDEO } from './fake-stream.ts';

const ELSEWHERE = 'rtsp://other.example:8554';

describe('GET_PARAMETER', () => {
  it('tells what a reader was sent and what it says it lost', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play([0]);
    const ask = async (names: string): Promise<string> =>
      new TextDecoder().decode((await peer.ask('GET_PARAMETER', '', {}, names)).body);
    assert.equal(await ask('position\r\npackets_sent'), 'position: npt=now\r\npackets_sent: 0\r\n');
    house.yard.deliver(batchOf(0, 5, true));
    await peer.take(2);
    const block = { ssrc: VIDEO.ssrc, fractionLost: 64, cumulativeLost: 3, highestSequence: 1, jitter: 9000 };
    peer.send(1, writeReceiverReport(1, [{ ...block, lastSenderReport: 0, delaySinceLastSenderReport: 0 }], 'x'));
    assert.match(await ask('position'), /^position: clock=\d{8}T\d{6}(?:\.\d+)?Z\r\n$/);
    assert.equal(
      await ask('packets_sent\r\nframes_dropped\r\npackets_lost\r\njitter\r\n'),
      'packets_sent: 1\r\nframes_dropped: 0\r\npackets_lost: 3\r\njitter: 0.1\r\n',
    );
    const refused = await peer.ask('GET_PARAMETER', '', {}, 'position\r\nhue');
    assert.deepEqual([refused.status, new TextDecoder().decode(refused.body)], [451, 'hue\r\n']);
  });
});

describe('PAUSE', () => {
  it('PLAY says where each track goes on, once it is known, or does not wait for ever', async () => {
    await using house = await House.open();
    const peer = house.peer();
    await peer.play([0, 2]);
    await peer.take(2);
    assert.equal((await peer.ask('PAUSE')).status, 200);
    house.yard.deliver(batchOf(0, 3, true));
    house.yard.burst = [batchOf(0, 5, true)];
    const resumed = peer.ask('PLAY');
    await house.until('it reads', () => house.yard.readers.size > 0);
    house.yard.deliver(batchOf(0, 6, false));
    house.yard.deliver(batchOf(1, 800, false));
    assert.equal(
      (await resumed).headers.get('RTP-Info'),
      `url=${peer.base}/trackID=0;seq=5;rtptime=5,url=${peer.base}/trackID=1;seq=800;rtptime=800`,
    );
    const times = (await peer.take(5)).slice(2).map(({ payload }) => payload.readUInt32BE(4));
    assert.deepEqual(times, [5, 6, 800]);
    await peer.ask('PAUSE');
    const silent = peer.ask('PLAY');
    await house.until('it reads', () => house.yard.readers.size > 0);
    house.clock.advance(RESUME_WAIT_MS);
    const reply = await silent;
    // Its clock, where the track itself has not come yet.
    const info = `url=${peer.base}/trackID=0;seq=5;rtptime=5,url=${peer.base}/trackID=1;rtptime=0`;
    assert.deepEqual([reply.status, reply.headers.get('RTP-Info')], [200, info]);
  });
});

describe('PLAY asked over another connection', () => {
  it('that goes before the answer leaves the session paused, and nothing is held for it', async () => {
    await using house = await House.open();
    const [owner, other] = [house.peer(), house.peer()];
    const session = { Session: (await owner.play([0, 2])).headers.get('Session') ?? '' };
    await owner.ask('PAUSE');
    other.say('PLAY', '', session);
    await house.until('it reads', () => house.yard.readers.size === 1, owner);
    other.socket.destroy();
    await house.until('the other is gone', () => house.server.connections.open === 1, owner);
    house.clock.advance(RESUME_WAIT_MS);
    await house.until('nothing is held', () => house.yard.readers.size === 0, owner);
    house.clock.advance(2 * REPLY_MS_MAX);
    owner.say('PLAY', '', session);
    await house.until('it reads', () => house.yard.readers.size === 1, house.peer());
    house.clock.advance(RESUME_WAIT_MS);
    assert.equal((await owner.reply()).status, 200);
  });
});

describe('a stream that is served elsewhere', () => {
  it('its readers are told, who comes is sent there, and who stays is ended', async () => {
    await using house = await House.open();
    const [leaves, stays] = [house.peer(), house.peer()];
    for (const peer of [leaves, stays]) {
      await peer.play([0]);
      await peer.take(1);
    }
    assert.equal(house.server.redirect('yard', `${ELSEWHERE}/court`), 2);
    for (const peer of [leaves, stays]) {
      const { method, uri, headers } = await peer.request();
      assert.deepEqual([method, uri, headers.get('Location')], ['REDIRECT', peer.base, `${ELSEWHERE}/court`]);
    }
    const comes = await house.peer().ask('DESCRIBE');
    assert.deepEqual([comes.status, comes.headers.get('Location')], [302, `${ELSEWHERE}/court`]);
    assert.equal((await leaves.ask('TEARDOWN')).status, 200);
    // Until then it is served.
    house.yard.deliver(batchOf(0, 5, true));
    assert.equal((await stays.take(1))[0]?.payload.readUInt32BE(4), 5);
    house.clock.advance(REDIRECT_MS + 1000);
    const [goodbye] = await stays.take(1);
    assert.ok(parseRtcp(goodbye?.payload ?? new Uint8Array()).packets.some(({ kind }) => kind === 'goodbye'));
    await stays.closed();
    assert.equal((await leaves.ask('OPTIONS')).status, 200);
    house.server.redirect('yard', undefined);
    assert.equal((await house.peer().ask('DESCRIBE')).status, 200);
  });

  it('drained, everybody goes: also who publishes', async () => {
    await using house = await House.open();
    const reader = house.peer();
    await reader.play([0]);
    assert.equal(house.server.drain(ELSEWHERE), 1);
    assert.equal((await reader.request()).headers.get('Location'), `${ELSEWHERE}/yard`);
    const publisher = house.peer('drone/1 a');
    const announced = await publisher.ask(
      'ANNOUNCE',
      '',
      {},
      'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n',
    );
    assert.deepEqual([announced.status, announced.headers.get('Location')], [302, `${ELSEWHERE}/drone/1%20a`]);
    const described = await house.peer().ask('DESCRIBE', '?start=gop');
    assert.equal(described.headers.get('Location'), `${ELSEWHERE}/yard?start=gop`);
    house.server.drain(undefined);
    assert.equal((await house.peer().ask('DESCRIBE')).status, 200);
  });
});
