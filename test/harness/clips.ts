/** Clips that ffmpeg makes for the tests, and the hashes by which their frames are known again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { mustRun } from './program.ts';

export interface ClipShape {
  readonly seconds: number;
  readonly codec?: 'libx264' | 'libx265';
  readonly size?: string;
  readonly framesPerSecond?: number;
  readonly bFrames?: number;
  readonly audio?: boolean;
  /** Where the sound ends before the picture. */
  readonly audioSeconds?: number;
}

/** A test picture and a tone, key frames each second. Returns its path; it goes with the test. */
export async function makeClip(context: TestContext, shape: ClipShape): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'weir-clip-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'clip.mp4');
  const { seconds, codec = 'libx264', size = '640x360', framesPerSecond = 25, bFrames = 0, audio = true } = shape;
  const { audioSeconds = seconds } = shape;
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${framesPerSecond}:duration=${seconds}`];
  const tone = [
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=440:sample_rate=48000:duration=${audioSeconds}`,
    '-c:a',
    'aac',
    '-b:a',
    '64k',
  ];
  const rate = ['-preset', 'ultrafast', '-bf', String(bFrames), '-g', String(framesPerSecond), '-pix_fmt', 'yuv420p'];
  const closed =
    codec === 'libx265'
      ? ['-x265-params', 'log-level=none:open-gop=0:scenecut=0', '-tag:v', 'hvc1']
      : ['-sc_threshold', '0'];
  const inputs = audio ? [...picture, ...tone.slice(0, 4)] : picture;
  await mustRun('ffmpeg', [
    '-v',
    'error',
    ...inputs,
    '-c:v',
    codec,
    ...rate,
    ...closed,
    ...(audio ? tone.slice(4) : []),
    file,
  ]);
  return file;
}

/** MD5 of each decoded picture, in order of presentation. */
export function pictureHashes(input: string): Promise<readonly string[]> {
  return hashes(['-i', input, '-map', '0:v:0', '-fps_mode', 'passthrough', '-f', 'framemd5', '-']);
}

/** MD5 of each coded audio frame, in order; of the first `seconds` where the input does not end. */
export function audioHashes(input: string, seconds?: string): Promise<readonly string[]> {
  return codedHashes(input, 'a', seconds);
}

/** The same of pictures. */
export function codedPictureHashes(input: string, seconds?: string): Promise<readonly string[]> {
  return codedHashes(input, 'v', seconds);
}

function codedHashes(input: string, media: 'a' | 'v', seconds: string | undefined): Promise<readonly string[]> {
  const limit = seconds === undefined ? [] : ['-t', seconds];
  return hashes([...limit, '-i', input, '-map', `0:${media}:0`, `-c:${media}`, 'copy', '-f', 'framemd5', '-']);
}

/** stream, dts, pts, duration, size, hash; a first audio packet has side data behind it. */
const HASH_COLUMN = 5;

async function hashes(words: readonly string[]): Promise<readonly string[]> {
  const said = await mustRun('ffmpeg', ['-v', 'error', ...words]);
  return said
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(',')[HASH_COLUMN]?.trim() ?? '');
}
