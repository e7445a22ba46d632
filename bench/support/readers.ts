/**
 * A process with N readers: `readers.ts KIND N URL`, KIND rtsp (a whole session), udp (the same with its
 * media in datagrams, each on a port of its own) or raw (connect, and take what comes). Says 'ready' when all
 * play; answers 'total' with the bytes that came so far.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RtspExchange } from './rtsp-exchange.ts';

const [kind = '', count = '0', url = ''] = process.argv.slice(2);
let total = 0;

for (let i = 0; i < Number(count); i++) {
  const socket = kind === 'raw' ? await open() : await play();
  socket.on('data', (chunk: Buffer) => (total += chunk.length));
  socket.on('close', () => process.send?.('lost'));
}
process.on('message', () => process.send?.(total));
process.send?.('ready');

async function play(): Promise<Socket> {
  const rtsp = await RtspExchange.open(url);
  await rtsp.ask('DESCRIBE', ['Accept: application/sdp']);
  const transport = kind === 'udp' ? await datagrams() : 'RTP/AVP/TCP;unicast;interleaved=0-1';
  await rtsp.ask('SETUP', [`Transport: ${transport}`], '', '/trackID=0');
  await rtsp.ask('PLAY');
  return rtsp.socket;
}

async function datagrams(): Promise<string> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 2 ** 20 }).bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (datagram) => (total += datagram.length));
  const { port } = socket.address();
  return `RTP/AVP;unicast;client_port=${port}-${port + 1}`;
}

async function open(): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, 'connect');
  return socket;
}
