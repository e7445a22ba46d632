/** ffmpeg in the matrix: makes the clips, publishes them, reads and decodes. */
import { createHash } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { Background, mustRun, runProgram } from '../program.ts';
import type { MatrixCodec } from './codecs.ts';
import { CELL_S, type Seen } from './seen.ts';

const CLIP_S = 10;
const READ_MS = 20_000;

/** A clip of the codec in `folder`, made once: its name tells how. */
export async function matrixClip(folder: string, { id, picture, sound }: MatrixCodec): Promise<string> {
  const raw = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${CLIP_S}`];
  const coding = ['-c:v', ...picture.ffmpeg.split(' ')];
  if (sound !== undefined) {
    raw.push('-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${CLIP_S}`);
    coding.push('-c:a', ...sound.ffmpeg.split(' '));
  }
  const words = [...raw, ...coding, '-flags', '+global_header'];
  const name = `${id}-${createHash('sha256').update(words.join(' ')).digest('hex').slice(0, 8)}.nut`;
  const file = path.join(folder, name);
  if (existsSync(file)) return file;
  const half = path.join(folder, `${process.pid}-${name}`);
  await mustRun('ffmpeg', ['-y', '-v', 'error', ...words, half]);
  renameSync(half, file);
  return file;
}

/** Publishes the clip again and again, in real time. */
export function publishLoop(context: TestContext, clip: string, transport: 'tcp' | 'udp', url: string): Background {
  const input = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy'];
  return new Background(context, 'ffmpeg', [...input, '-f', 'rtsp', '-rtsp_transport', transport, url]);
}

export type FfmpegTransport = 'tcp' | 'udp' | 'udp_multicast' | 'http';

/** Reads and decodes all tracks for some seconds of media. */
export async function readWithFfmpeg(url: string, transport: FfmpegTransport, codec: MatrixCodec): Promise<Seen> {
  const words = ['-v', 'level+warning', '-rtsp_transport', transport, '-i', url];
  const output = ['-t', String(CELL_S), '-map', '0', '-fps_mode', 'passthrough', '-f', 'framecrc', '-'];
  const { code, stdout, stderr } = await runProgram('ffmpeg', [...words, ...output], READ_MS);
  const complaints = stderr.split('\n').filter((line) => /\[(error|fatal|panic)\]|missed \d+ packets/.test(line));
  if (code !== 0) complaints.push(`ffmpeg ended with ${code}`);
  // Tracks come in the publisher's order: "#media_type 1: video", and a line "1, …" a frame.
  const count = (media: string): number => {
    const stream = new RegExp(`^#media_type (\\d+): ${media}`, 'm').exec(stdout)?.[1];
    return stdout.split('\n').filter((line) => line.startsWith(`${stream},`)).length;
  };
  return { pictures: count('video'), ...(codec.sound !== undefined && { sounds: count('audio') }), complaints };
}
