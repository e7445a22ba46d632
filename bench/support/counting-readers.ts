/**
 * A process with N readers of one stream: `counting-readers.ts N URL`, each a whole session over TCP. Looks at the head of each interleaved packet
 * and at nothing else, so that it is light: a number that is missing in a reader's sequence is counted. Says 'ready' when all play; answers every
 * message with what it counted so far.
 */
import { PacketCounter } from './packet-counter.ts';
import { RtspExchange } from './rtsp-exchange.ts';

export interface Counted {
  readonly packets: number;
  /** Missing in the sequence of their reader. */
  readonly lost: number;
  /** Bytes that were no frame. */
  readonly strays: number;
  /** Connections that ended. */
  readonly gone: number;
  /** Of the reader that had the fewest packets. */
  readonly fewest: number;
}

const [count = '0', url = ''] = process.argv.slice(2);
const readers: PacketCounter[] = [];
let gone = 0;

for (let i = 0; i < Number(count); i++) {
  const { socket, rest } = await play();
  const reader = new PacketCounter();
  readers.push(reader);
  reader.push(rest);
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.on('close', () => (gone += 1));
}
process.on('message', () => process.send?.(counted()));
process.send?.('ready');

function counted(): Counted {
  const sum = (of: (reader: PacketCounter) => number): number =>
    readers.reduce((total, reader) => total + of(reader), 0);
  const fewest = Math.min(...readers.map(({ packets }) => packets));
  return {
    packets: sum(({ packets }) => packets),
    lost: sum(({ lost }) => lost),
    strays: sum(({ strays }) => strays),
    gone,
    fewest,
  };
}

async function play(): Promise<RtspExchange> {
  const rtsp = await RtspExchange.open(url);
  await rtsp.ask('DESCRIBE', ['Accept: application/sdp']);
  await rtsp.ask('SETUP', ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1'], '', '/trackID=0');
  await rtsp.ask('PLAY');
  return rtsp;
}
