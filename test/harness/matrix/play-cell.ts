/** Plays cells of the matrix, two at a time. */
import type { TestContext } from 'node:test';
import { cellName, type Cell, type Way } from './table.ts';
import { publishLoop, readWithFfmpeg, type FfmpegTransport } from './ffmpeg-peer.ts';
import { publishWithGst, readWithGst, type GstRead } from './gst-peer.ts';
import { readWithRetina } from './retina-peer.ts';
import { faultOf, type Seen } from './seen.ts';
import type { RunningWeir } from '../running-weir.ts';
import { untilPublished, type MatrixStudio } from './studio.ts';

const AT_A_TIME = 2;

/** By name of the cell, in their order. A cell that throws has that as its complaint. */
export async function playCells(
  context: TestContext,
  studio: MatrixStudio,
  cells: readonly Cell[],
): Promise<ReadonlyMap<string, Seen>> {
  const waiting = [...cells];
  const seen = new Map<string, Seen | undefined>(cells.map((cell) => [cellName(cell), undefined]));
  const work = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift())
      seen.set(cellName(cell), await playCell(context, studio, cell));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return seen as ReadonlyMap<string, Seen>;
}

async function playCell(context: TestContext, studio: MatrixStudio, cell: Cell): Promise<Seen> {
  try {
    if (cell.way.startsWith('read-')) return await read(studio, cell);
    return cell.way.startsWith('publish-') ? await publish(context, studio, cell) : await pull(studio, cell);
  } catch (error) {
    return { pictures: 0, complaints: [String(error).split('\n')[0] ?? ''] };
  }
}

async function read(studio: MatrixStudio, { peer, way, codec }: Cell): Promise<Seen> {
  const [weir, stream] = await Promise.all([studio.weir(), studio.stream(codec)]);
  // The true times, as a recorder takes them: what is in memory comes at once.
  const url = `${way === 'read-tls' ? weir.rtsps : weir.rtsp}/${stream}?start=gop`;
  if (peer.id === 'retina') return readWithRetina(url, way === 'read-udp' ? 'udp' : 'tcp', codec);
  if (peer.id === 'ffmpeg') return readWithFfmpeg(url, FFMPEG_TRANSPORTS[way] ?? 'tcp', codec);
  // Only the scheme makes rtspsrc open a tunnel.
  const gstUrl = way === 'read-tunnel' ? url.replace('rtsp:', 'rtsph:') : url;
  return readWithGst({ url: gstUrl, ...GST_READS[way] }, codec);
}

const FFMPEG_TRANSPORTS: Partial<Record<Way, FfmpegTransport>> = {
  'read-udp': 'udp',
  'read-multicast': 'udp_multicast',
  'read-tunnel': 'http',
};
const GST_READS: Partial<Record<Way, Omit<GstRead, 'url'>>> = {
  'read-tcp': { protocols: 'tcp' },
  'read-udp': { protocols: 'udp' },
  'read-multicast': { protocols: 'udp-mcast', properties: ['multicast-iface=lo'] },
  'read-tls': { protocols: 'tcp+tls', properties: ['tls-validation-flags=0'] },
  'read-tunnel': { protocols: 'tcp+http' },
};

/** What was published is what a reader decodes, and nothing is lost on its way in. */
async function publish(context: TestContext, studio: MatrixStudio, { peer, way, codec }: Cell): Promise<Seen> {
  const [weir, clip] = await Promise.all([studio.weir(), studio.clip(codec)]);
  const stream = `out/${peer.id}/${way}/${codec.id}`;
  const transport = way === 'publish-udp' ? 'udp' : 'tcp';
  const url = `${weir.rtsp}/${stream}`;
  const publisher =
    peer.id === 'ffmpeg' ? publishLoop(context, clip, transport, url) : publishWithGst(context, transport, url, codec);
  await untilPublished(weir, stream);
  const seen = await readWithFfmpeg(`${url}?start=gop`, 'tcp', codec);
  const { received } = await weir.streamStatus(stream);
  const complaints = [...seen.complaints, ...linesOf(publisher.stderr)];
  if (received.lost > 0) complaints.push(`${received.lost} packets lost`);
  await publisher.end('SIGINT');
  return { ...seen, complaints };
}

/** What was pulled is what a reader of the puller decodes. */
async function pull(studio: MatrixStudio, { peer, way, codec }: Cell): Promise<Seen> {
  if (peer.id === 'weir') await studio.stream(codec);
  const puller = await studio.puller();
  const stream = `${peer.id}/${way}/${codec.id}`;
  const seen = await readWithFfmpeg(`${puller.rtsp}/${stream}?start=gop`, 'tcp', codec);
  const { received, source, error } = await puller.streamStatus(stream);
  const complaints = [...seen.complaints];
  if (received.lost > 0) complaints.push(`${received.lost} packets lost`);
  if (Object.keys(source.faults).length > 0) complaints.push(`faults ${JSON.stringify(source.faults)}`);
  const result = { ...seen, complaints };
  if (faultOf(result) === undefined) return result;
  return { ...result, complaints: [...complaints, ...whatThePullerSays(puller, stream, { source, error })] };
}

/** The stream's error and source, as the API has them, and what the log says of it: why a pull failed is seen nowhere else. */
function whatThePullerSays(puller: RunningWeir, stream: string, status: object): readonly string[] {
  const lines = puller.log.filter((line) => line['stream'] === stream);
  return [`status ${JSON.stringify(status)}`, ...lines.map((line) => `log ${JSON.stringify(line)}`)];
}

function linesOf(stderr: string): readonly string[] {
  return stderr.split('\n').filter((line) => line !== '');
}
