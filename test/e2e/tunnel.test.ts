/** RTSP through HTTP and over WebSocket, on the ports that are there. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { RtspFramer } from '../../src/core/rtsp/wire/framer.ts';
import { RtspHeaders } from '../../src/core/rtsp/wire/headers.ts';
import type { RtspResponse } from '../../src/core/rtsp/wire/message.ts';
import { serialiseRequest } from '../../src/core/rtsp/wire/serialise.ts';
import { decodeWithGst } from '../harness/gst-reader.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RtspPeer } from '../harness/rtsp-peer.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const SHOWN = 25;

peerTest('ffmpeg and GStreamer read through HTTP', ['ffmpeg', 'gstreamer'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { lobby: { source: test-pattern } }\n');
  await weir.untilState('lobby', 'live');
  const url = `${weir.rtsp}/lobby`;
  await Promise.all([
    mustRun('ffmpeg', `-v error -rtsp_transport http -i ${url} -frames:v ${SHOWN} -f framemd5 -`.split(' '), 20_000),
    decodeWithGst(context, `latency=200 location=${url.replace('rtsp:', 'rtsph:')}`, SHOWN),
  ]);
});

peerTest('GStreamer publishes through HTTP', ['rtspclientsink', 'ffprobe'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
  const publisher = new Background(context, 'gst-launch-1.0', [
    ...'-q videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=25'.split(' '),
    ...`! rtspclientsink location=${weir.rtsp.replace('rtsp:', 'rtsph:')}/cam`.split(' '),
  ]);
  await weir.untilState('cam', 'live');
  await mustRun('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', `${weir.rtsp}/cam`]);
  await publisher.end('SIGINT');
});

test('a WebSocket client speaks RTSP and gets media; pages from elsewhere do not', async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { lobby: { source: test-pattern } }\n');
  await weir.untilState('lobby', 'live');
  const client = await WebSocketClient.open(context, `${weir.http.replace('http:', 'ws:')}/rtspoverwebsocket`);
  const url = `${weir.rtsp}/lobby`;
  assert.match((await client.ask('OPTIONS', '*')).headers.get('Public') ?? '', /PLAY/);
  assert.match(Buffer.from((await client.ask('DESCRIBE', url)).body).toString(), /m=video/);
  const udp = await client.ask('SETUP', `${url}/trackID=0`, { Transport: 'RTP/AVP;unicast;client_port=5000-5001' });
  assert.equal(udp.status, 461);
  const setUp = await client.ask('SETUP', `${url}/trackID=0`, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
  const Session = setUp.headers.get('Session')?.split(';')[0] ?? '';
  assert.equal((await client.ask('PLAY', url, { Session })).status, 200);
  await weir.until(() => client.frames > 50, 'frames in the WebSocket');

  const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Protocol: rtsp.onvif.org'];
  const head = ['GET /lobby HTTP/1.1', 'Host: localhost', ...upgrade, 'Origin: https://evil.example'];
  const page = await RtspPeer.open(context, weir.http);
  assert.match(await page.say(`${head.join('\r\n')}\r\n\r\n`), /^HTTP\/1\.1 403 /);

  const closed = once(client.socket, 'close');
  assert.equal(await weir.stop(), 0);
  await closed;
});

/** Node's own WebSocket client, with RTSP in it. */
class WebSocketClient {
  readonly socket: WebSocket;
  frames = 0;
  readonly #framer = new RtspFramer();
  #reply = Promise.withResolvers<RtspResponse>();
  #cseq = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', (event) => {
      for (const unit of this.#framer.push(new Uint8Array(event.data as ArrayBuffer))) {
        if (unit.kind === 'frame') this.frames += 1;
        else if (unit.kind === 'message' && unit.message.kind === 'response') this.#reply.resolve(unit.message);
        else assert.fail(`what came is no reply and no frame: ${unit.kind}`);
      }
    });
  }

  static async open(context: TestContext, url: string): Promise<WebSocketClient> {
    const socket = new WebSocket(url, 'rtsp.onvif.org');
    context.after(() => socket.close());
    const client = new WebSocketClient(socket);
    await once(socket, 'open');
    return client;
  }

  ask(method: string, uri: string, headers: Readonly<Record<string, string>> = {}): Promise<RtspResponse> {
    this.#reply = Promise.withResolvers();
    const entries = Object.entries({ CSeq: String(++this.#cseq), ...headers });
    this.socket.send(serialiseRequest({ method, uri, headers: new RtspHeaders(entries), body: new Uint8Array(0) }));
    return this.#reply.promise;
  }
}
