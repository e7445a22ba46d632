/** The floor of a fan-out: prebuilt buffers of the same sizes at the same times, one write a frame and socket, and nothing else. */
import { createServer, type Socket } from 'node:net';
import { everyFrame } from './pace.ts';
import { FULL_HD, SyntheticVideo } from './synthetic-video.ts';

const video = new SyntheticVideo(FULL_HD);
const frames = video.frameLengths.map(() => video.next());
const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
let next = 0;
everyFrame(video.shape.framesPerSecond, () => {
  const frame = frames[next++ % frames.length];
  if (frame !== undefined) for (const socket of sockets) socket.write(frame);
});
