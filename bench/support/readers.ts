/**
 * A process with N readers: `readers.ts KIND N URL`, KIND rtsp (a whole session) or raw (connect, and take what comes). Says 'ready' when all
 * play; answers 'total' with the bytes that came so far.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RtspExchange } from './rtsp-exchange.ts';

const [kind = '', count = '0', url = ''] = process.argv.slice(2);
let total = 0;

for (let i = 0; i < Number(count); i++) {
  const socket = kind === 'rtsp' ? await play() : await open();
  socket.on('data', (chunk: Buffer) => (total += chunk.length));
  socket.on('close', () => process.send?.('lost'));
}
process.on('message', () => process.send?.(total));
process.send?.('ready');

async function play(): Promise<Socket> {
  const rtsp = await RtspExchange.open(url);
  await rtsp.ask('DESCRIBE', ['Accept: application/sdp']);
  await rtsp.ask('SETUP', ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1'], '', '/trackID=0');
  await rtsp.ask('PLAY');
  return rtsp.socket;
}

async function open(): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  return socket;
}
