import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { BytePipe } from './byte-pipe.ts';
import { MAX_MESSAGE_BYTES, RTSP_SUBPROTOCOL, WebSocketDoor } from './websocket-door.ts';

test('a WebSocket client speaks RTSP: messages are bytes', async (context) => {
  const place = await open(context);
  const client = new WebSocket(place.url, ['other', RTSP_SUBPROTOCOL]);
  client.binaryType = 'arraybuffer';
  await once(client, 'open');
  assert.equal(client.protocol, RTSP_SUBPROTOCOL);
  const { pipe, heard } = await place.accepted;
  client.send(new TextEncoder().encode('OPTIONS * '));
  client.send('RTSP/1.0');
  await heard('OPTIONS * RTSP/1.0');
  const answered = once(client, 'message');
  assert.equal(pipe.write([Buffer.from('RTSP/1.0 '), Buffer.from('200 OK')]), true);
  const [{ data }] = (await answered) as [{ readonly data: ArrayBuffer }];
  assert.equal(Buffer.from(data).toString(), 'RTSP/1.0 200 OK');
  assert.equal(pipe.remoteAddress, '127.0.0.1');
  const closed = once(client, 'close');
  pipe.close();
  await closed;
  await place.ended;
  assert.equal(pipe.closed, true);
  assert.equal(pipe.write(Buffer.from('more')), false);
});

test('a message past the limit closes the connection', async (context) => {
  const place = await open(context);
  const client = new WebSocket(place.url, RTSP_SUBPROTOCOL);
  await once(client, 'open');
  await place.accepted;
  const closed = once(client, 'close');
  client.send(new Uint8Array(MAX_MESSAGE_BYTES + 1));
  const [{ code }] = (await closed) as [CloseEvent];
  assert.equal(code, 1009);
  await place.ended;
});

test('which upgrades ask for RTSP', () => {
  const table: [string | undefined, string | undefined, boolean][] = [
    ['websocket', RTSP_SUBPROTOCOL, true],
    ['WebSocket', `chat, ${RTSP_SUBPROTOCOL}`, true],
    ['websocket', 'chat', false],
    ['websocket', undefined, false],
    ['h2c', RTSP_SUBPROTOCOL, false],
    [undefined, RTSP_SUBPROTOCOL, false],
  ];
  for (const [upgrade, protocol, expected] of table) {
    const headers = { ...(upgrade && { upgrade }), ...(protocol && { 'sec-websocket-protocol': protocol }) };
    const request = { headers } as Parameters<typeof WebSocketDoor.asksForRtsp>[0];
    assert.equal(WebSocketDoor.asksForRtsp(request), expected, `${upgrade} ${protocol}`);
  }
});

interface Place {
  readonly url: string;
  readonly accepted: Promise<{ readonly pipe: BytePipe; readonly heard: (wanted: string) => Promise<void> }>;
  readonly ended: Promise<void>;
}

async function open(context: TestContext): Promise<Place> {
  const accepted = Promise.withResolvers<Awaited<Place['accepted']>>();
  const ended = Promise.withResolvers<void>();
  const ear = { text: '', more: Promise.withResolvers<void>() };
  const heard = async (wanted: string): Promise<void> => {
    while (ear.text !== wanted) await ear.more.promise;
  };
  const door = new WebSocketDoor((pipe) => {
    pipe.handle({
      data: (chunk) => {
        ear.text += new TextDecoder().decode(chunk);
        ear.more.resolve();
        ear.more = Promise.withResolvers();
      },
      drain: () => {},
      close: () => ended.resolve(),
    });
    accepted.resolve({ pipe, heard });
  });
  const server = createServer().on('upgrade', (request, socket, head) => door.upgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `ws://127.0.0.1:${port}/lobby`, accepted: accepted.promise, ended: ended.promise };
}
