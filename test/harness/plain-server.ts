/** An RTSP server that answers each question with a plain 200, or with nothing; what is sent to it goes nowhere. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { RtspFramer } from '../../src/core/rtsp/wire/framer.ts';
import type { RtspRequest } from '../../src/core/rtsp/wire/message.ts';

export interface PlainServer {
  readonly url: string;
  /** Methods, in order. */
  readonly asked: readonly string[];
}

/** `asking` is told of each request, and says whether it is answered. */
export async function plainServer(context: TestContext, asking: (method: string) => boolean): Promise<PlainServer> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    const framer = new RtspFramer();
    socket.on('error', () => {});
    socket.on('data', (chunk: Uint8Array) => {
      for (const unit of framer.push(chunk)) {
        if (unit.kind !== 'message' || unit.message.kind !== 'request') continue;
        asked.push(unit.message.method);
        if (asking(unit.message.method)) answer(socket, unit.message);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `rtsp://127.0.0.1:${port}/in`, asked };
}

function answer(socket: Socket, { headers }: RtspRequest): void {
  const transport = headers.get('Transport');
  const lines = ['RTSP/1.0 200 OK', `CSeq: ${headers.get('CSeq')}`, 'Session: 7'];
  if (transport !== undefined) lines.push(`Transport: ${transport}`);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
}
