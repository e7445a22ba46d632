/** The methods of a session as their bytes, and the readers that are sent to another server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { RtspFramer } from '../../src/core/rtsp/wire/framer.ts';
import type { RtspMessage } from '../../src/core/rtsp/wire/message.ts';
import { makeClip } from '../harness/clips.ts';
import { CountingReader, publishClip } from '../harness/ffmpeg.ts';
import { decodeWithGst } from '../harness/gst-reader.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RtspPeer } from '../harness/rtsp-peer.ts';
import { RunningWeir } from '../harness/running-weir.ts';

test('a reader asks, pauses and goes on where the answer says', async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { lobby: { source: test-pattern } }\n');
  await weir.untilState('lobby', 'live');
  const url = `${weir.rtsp}/lobby`;
  const peer = new Listener(await RtspPeer.open(context, weir.rtsp));
  const options = await peer.ask('OPTIONS * RTSP/1.0');
  assert.match(options.headers.get('Public') ?? '', /^OPTIONS, DESCRIBE, .*PAUSE.*GET_PARAMETER/);
  const setUp = await peer.ask(`SETUP ${url}/trackID=0 RTSP/1.0\r\n${transport(0)}`);
  const session = `Session: ${setUp.headers.get('Session')?.split(';')[0]}`;
  await peer.ask(`SETUP ${url}/trackID=1 RTSP/1.0\r\n${transport(1)}\r\n${session}`);
  assert.equal((await peer.ask(`PLAY ${url} RTSP/1.0\r\n${session}`)).headers.get('Range'), 'npt=now-');
  await weir.until(() => peer.packets.length > 50, 'packets');
  const asked = 'position\r\npackets_sent\r\n';
  const told = await peer.ask(`GET_PARAMETER ${url} RTSP/1.0\r\n${session}\r\nContent-Length: ${asked.length}`, asked);
  assert.match(
    Buffer.from(told.body).toString(),
    /^position: clock=\d{8}T\d{6}(?:\.\d+)?Z\r\npackets_sent: [1-9]\d*\r\n$/,
  );

  assert.equal((await peer.ask(`PAUSE ${url}/trackID=0 RTSP/1.0\r\n${session}`)).status, 460);
  assert.equal((await peer.ask(`PAUSE ${url} RTSP/1.0\r\n${session}`)).status, 200);
  peer.packets.length = 0;
  await peer.ask(`OPTIONS ${url} RTSP/1.0\r\n${session}`);
  assert.equal(peer.packets.length, 0);
  const resumed = await peer.ask(`PLAY ${url} RTSP/1.0\r\n${session}`);
  const heard = (channel: number): boolean => peer.packets.some((packet) => packet.channel === channel);
  await weir.until(() => heard(0) && heard(2), 'packets of both tracks again');
  const info = resumed.headers.get('RTP-Info') ?? '';
  for (const track of [0, 1]) {
    const [, sequence, rtpTime] = new RegExp(`trackID=${track};seq=(\\d+);rtptime=(\\d+)`).exec(info) ?? [];
    const first: Packet | undefined = peer.packets.find(({ channel }) => channel === 2 * track);
    assert.equal(`${first?.sequence} ${first?.rtpTime}`, `${sequence} ${rtpTime}`, info);
  }
  assert.equal((await peer.ask(`TEARDOWN ${url} RTSP/1.0\r\n${session}`)).status, 200);
});

peerTest('readers are sent to another server, and find it', ['ffmpeg', 'gstreamer'], async (context) => {
  const clip = await makeClip(context, { seconds: 20, audio: false });
  const [here, there] = await Promise.all(
    ['cam: { source: publish }, lobby: { source: test-pattern }', 'lobby: { source: test-pattern }'].map((streams) =>
      RunningWeir.start(context, `streams: { ${streams} }\n`),
    ),
  );
  assert.ok(here !== undefined && there !== undefined);
  const publisher = publishClip(context, clip, `${here.rtsp}/cam`);
  await Promise.all([
    here.untilState('cam', 'live'),
    here.untilState('lobby', 'live'),
    there.untilState('lobby', 'live'),
  ]);
  const reader = new CountingReader(context, `${here.rtsp}/lobby`);
  await here.until(() => reader.pictures > 10, 'pictures');
  const post = (path: string, to: string): Promise<Response> =>
    here.fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ to }) });

  const moved = await post('/api/v1/streams/lobby/redirect', `${there.rtsp}/lobby`);
  assert.deepEqual([moved.status, await moved.json()], [200, { to: `${there.rtsp}/lobby`, sessions: 1 }]);
  // It takes no notice of REDIRECT, and is ended.
  await reader.exit();
  await mustRun(
    'ffmpeg',
    `-v error -rtsp_transport tcp -i ${here.rtsp}/lobby -frames:v 10 -f null -`.split(' '),
    10_000,
  );
  await there.logged({ stream: 'lobby', msg: 'A reader plays' });

  const drained = await post('/api/v1/drain', there.rtsp);
  assert.deepEqual(await drained.json(), { to: there.rtsp, sessions: 1 });
  await publisher.exit();
  assert.equal((await here.fetch('/readyz')).status, 503);
  await decodeWithGst(context, `protocols=tcp location=${here.rtsp}/lobby`, 10);
  assert.equal((await here.fetch('/api/v1/drain', { method: 'DELETE' })).status, 204);
  assert.equal((await here.fetch('/readyz')).status, 200);
});

peerTest(
  'an encoder that pauses before it leaves is let go without a complaint',
  ['rtspclientsink'],
  async (context) => {
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
    // What it says itself is not asked: it waits for no reply, and now and then its two threads trip over each other where it ends.
    void new Background(context, 'gst-launch-1.0', [
      ...'-q videotestsrc num-buffers=50 is-live=true ! x264enc tune=zerolatency key-int-max=25'.split(' '),
      ...`! rtspclientsink protocols=tcp location=${weir.rtsp}/cam`.split(' '),
    ]);
    await weir.untilState('cam', 'live');
    await weir.untilState('cam', 'down');
    assert.equal((await weir.streamStatus('cam')).error?.code, 'publisher-gone');
    assert.deepEqual(
      weir.log.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
    assert.doesNotMatch(await (await weir.fetch('/metrics')).text(), /^weir_rtsp_closed_connections_total\{/m);
  },
);

function transport(track: number): string {
  return `Transport: RTP/AVP/TCP;unicast;interleaved=${2 * track}-${2 * track + 1}`;
}

interface Packet {
  readonly channel: number;
  readonly sequence: number;
  readonly rtpTime: number;
}

/** Says heads as they are written, with a CSeq, and keeps what media comes in between. */
class Listener {
  /** RTP only. */
  readonly packets: Packet[] = [];
  readonly #peer: RtspPeer;
  readonly #framer = new RtspFramer();
  readonly #replies: RtspMessage[] = [];
  #cseq = 0;

  constructor(peer: RtspPeer) {
    this.#peer = peer;
    peer.socket.on('data', (chunk: Buffer) => {
      for (const unit of this.#framer.push(chunk)) {
        if (unit.kind === 'message') this.#replies.push(unit.message);
        else if (unit.kind === 'frame') this.#take(unit.channel, Buffer.from(unit.payload));
        else assert.fail(`what came is no reply and no frame: ${unit.kind}`);
      }
    });
  }

  async ask(head: string, body = ''): Promise<RtspMessage & { readonly kind: 'response' }> {
    this.#peer.socket.write(`${head}\r\nCSeq: ${++this.#cseq}\r\n\r\n${body}`);
    while (this.#replies.length === 0) await once(this.#peer.socket, 'data');
    const reply = this.#replies.shift();
    assert.ok(reply?.kind === 'response');
    return reply;
  }

  #take(channel: number, packet: Buffer): void {
    if (channel % 2 === 1) return;
    this.packets.push({ channel, sequence: packet.readUInt16BE(2), rtpTime: packet.readUInt32BE(4) });
  }
}
