/** GStreamer in the matrix: reads with rtspsrc, publishes with rtspclientsink, and is a house of cameras. */
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Background, runProgram } from '../program.ts';
import { RAW_PICTURE, RAW_SOUND, type MatrixCodec } from './codecs.ts';
import type { Seen } from './seen.ts';

const FRAMES = 50;
const READ_MS = 20_000;
const START_MS = 15_000;

export interface GstRead {
  readonly url: string;
  readonly protocols?: 'tcp' | 'udp' | 'udp-mcast' | 'tcp+http' | 'tcp+tls';
  /** Further properties of rtspsrc. */
  readonly properties?: readonly string[];
}

/**
 * Decodes so many frames of every track, and ends. Once all have come out, how it ends is its own: there GStreamer 1.22 sends PAUSE from one thread while
 * another still reads, and now and then breaks off or hangs, with gst-rtsp-server as well.
 */
export async function readWithGst(
  { url, protocols = 'tcp', properties = [] }: GstRead,
  codec: MatrixCodec,
): Promise<Seen> {
  const source = [`location=${url}`, `protocols=${protocols}`, 'latency=200', ...properties];
  const media = [
    `video=${codec.picture.decode}`,
    ...(codec.sound === undefined ? [] : [`audio=${codec.sound.decode}`]),
  ];
  const script = path.join(import.meta.dirname, 'gst-reader.py');
  const words = [script, String(FRAMES), '--source', ...source, '--media', ...media];
  const { code, stdout, stderr } = await runProgram('/usr/bin/python3', words, READ_MS);
  const count = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
  const pictures = count('video');
  const sounds = codec.sound === undefined ? undefined : count('audio');
  const complaints = complaintsOf(stderr);
  if (pictures < FRAMES || (sounds ?? FRAMES) < FRAMES)
    complaints.push(`GStreamer ended with ${code} after ${pictures} and ${sounds ?? 'no'} frames`);
  return { pictures, ...(sounds !== undefined && { sounds }), complaints };
}

/** Publishes a test picture, and a tone, until it is ended. */
export function publishWithGst(
  context: TestContext,
  protocols: 'tcp' | 'udp',
  url: string,
  { picture, sound }: MatrixCodec,
): Background {
  const sink = `rtspclientsink name=out protocols=${protocols} location=${url}`;
  const tone = sound === undefined ? '' : ` ${RAW_SOUND} ! ${sound.encode} ! out.`;
  const words = `-q ${RAW_PICTURE} ! ${picture.encode} ! ${sink}${tone}`.split(' ');
  return new Background(context, 'gst-launch-1.0', words);
}

export interface GstStudioOptions {
  readonly certificate?: string;
  readonly key?: string;
  /** First address of groups. */
  readonly group?: string;
  /** Another host, as a process in its network namespace. */
  readonly place?: { readonly pid: number; readonly host: string; readonly interface: string };
}

/** gst-rtsp-server with a mount a codec, named by its id. */
export class GstStudio {
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;

  private constructor(host: string, port: number, tlsPort: number) {
    this.host = host;
    this.port = port;
    this.tlsPort = tlsPort;
  }

  static async start(
    context: TestContext,
    codecs: readonly MatrixCodec[],
    { place, ...files }: GstStudioOptions,
  ): Promise<GstStudio> {
    const words = Object.entries(files).flatMap(([name, value]) => [`--${name}`, value]);
    if (place !== undefined) words.push('--host', place.host, '--interface', place.interface);
    const script = path.join(import.meta.dirname, 'gst-studio.py');
    const program = ['/usr/bin/python3', script, ...words, ...codecs.map(mountOf)];
    const there = place === undefined ? [] : ['nsenter', '-t', String(place.pid), '-n'];
    const [first = '', ...rest] = [...there, ...program];
    const process = new Background(context, first, rest);
    const [, port, tlsPort] = await process.line(/^(\d+) (\d+)$/m, START_MS);
    return new GstStudio(place?.host ?? '127.0.0.1', Number(port), Number(tlsPort));
  }
}

function mountOf({ id, picture, sound }: MatrixCodec): string {
  const tone = sound === undefined ? '' : ` ${RAW_SOUND} ! ${sound.encode} ! ${sound.pay} name=pay1 pt=97`;
  return `${id}=${RAW_PICTURE} ! ${picture.encode} ! ${picture.pay} name=pay0 pt=96${tone}`;
}

/** gst-launch says errors and warnings of elements over several lines: the first of each. */
function complaintsOf(stderr: string): string[] {
  return stderr.split('\n').filter((line) => /^(ERROR|WARNING|WARN)/.test(line));
}
