/**
 * A process that is N cameras: an RTSP server that answers every path with the synthetic 720p15 picture, each connection at a phase of its own.
 * Says its port.
 */
import { createServer, type Socket } from 'node:net';
import { HD_720P15, SyntheticVideo } from './synthetic-video.ts';

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});

function serve(socket: Socket): void {
  const video = new SyntheticVideo(HD_720P15);
  let buffered = '';
  let timer: ReturnType<typeof setInterval> | undefined;
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearInterval(timer));
  socket.on('data', (chunk: Buffer) => {
    buffered = withoutFrames(Buffer.from(buffered + chunk.toString('latin1'), 'latin1'));
    for (let end = buffered.indexOf('\r\n\r\n'); end >= 0; end = buffered.indexOf('\r\n\r\n')) {
      const head = buffered.slice(0, end);
      buffered = withoutFrames(Buffer.from(buffered.slice(end + 4), 'latin1'));
      socket.write(answer(head, video));
      if (head.startsWith('PLAY'))
        timer ??= setInterval(() => socket.write(video.next()), 1000 / video.shape.framesPerSecond);
    }
  });
}

/** Drops interleaved frames (receiver reports) at the start of what was read. */
function withoutFrames(bytes: Buffer): string {
  let rest = bytes;
  while (rest.length >= 4 && rest[0] === 0x24 && rest.length >= 4 + rest.readUInt16BE(2))
    rest = rest.subarray(4 + rest.readUInt16BE(2));
  return rest.toString('latin1');
}

function answer(head: string, video: SyntheticVideo): string {
  const cseq = /^cseq: *(\d+)/im.exec(head)?.[1] ?? '0';
  const lines = ['RTSP/1.0 200 OK', `CSeq: ${cseq}`];
  const [method = '', url = ''] = head.split(' ');
  let body = '';
  if (method === 'OPTIONS') lines.push('Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER');
  if (method === 'SETUP') lines.push('Transport: RTP/AVP/TCP;unicast;interleaved=0-1', 'Session: 1;timeout=60');
  if (method === 'PLAY' || method === 'GET_PARAMETER') lines.push('Session: 1;timeout=60');
  if (method === 'DESCRIBE') {
    body = video.sdp;
    lines.push(`Content-Base: ${url}/`, 'Content-Type: application/sdp', `Content-Length: ${body.length}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
