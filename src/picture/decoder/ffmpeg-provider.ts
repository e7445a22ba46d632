/**
 * Decodes with an `ffmpeg` program on PATH, one process a picture: six times the cost of a decoder child (most of it dynamic
 * linking), but nothing to install where node-av does not fit. Killed when it takes too long.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.ts';
import { WeirError } from '../../core/errors.ts';
import { pictureSize, type PictureSize } from '../picture-size.ts';
import {
  MAX_PICTURE_BYTES,
  MAX_PIXELS,
  stillCodecOf,
  type DecodeProvider,
  type Picture,
  type StillJob,
} from './decoder.ts';
import { annexB } from './protocol.ts';

export interface FfmpegProviderOptions {
  readonly clock: Clock;
  readonly jobMsMax?: number;
  /** The program: a name on PATH or a path. */
  readonly program?: string;
}

const JOB_MS_MAX = 10_000;

export class FfmpegProvider implements DecodeProvider {
  readonly #options: FfmpegProviderOptions;
  readonly #running = new Map<Promise<Uint8Array>, () => void>();

  constructor(options: FfmpegProviderOptions) {
    this.#options = options;
  }

  async decode(job: StillJob): Promise<Picture> {
    const { shape } = job.parameters;
    const codec = stillCodecOf(job);
    if (shape.media !== 'video') throw new WeirError('codec-unsupported', 'The track is no video');
    const size = pictureSize(shape, shape.aspect, job.width);
    const input = annexB([...job.parameters.parameterSets, ...job.nals]);
    const bytes = await this.#run(commandLine(codec === 'h265' ? 'hevc' : 'h264', size), input);
    if (bytes.length === 0) throw new WeirError('decoder-failed', 'ffmpeg made no picture of the frame');
    return { bytes, ...size };
  }

  async close(): Promise<void> {
    const running = [...this.#running];
    for (const [, kill] of running) kill();
    await Promise.allSettled(running.map(([run]) => run));
  }

  #run(args: readonly string[], input: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const { clock, jobMsMax = JOB_MS_MAX, program = 'ffmpeg' } = this.#options;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env['PATH'] ?? '' } });
    const fail = (error: WeirError): void => {
      reject(error);
      child.kill('SIGKILL');
    };
    const timer = clock.after(jobMsMax, () =>
      fail(new WeirError('decoder-timeout', `The picture was not decoded within ${jobMsMax} ms`)),
    );
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_PICTURE_BYTES) fail(new WeirError('decoder-failed', 'The picture is too large'));
      else chunks.push(chunk);
    });
    // It stops reading once it has its one frame.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', (cause) => {
      timer.cancel();
      const missing = 'code' in cause && cause.code === 'ENOENT';
      reject(
        new WeirError(
          missing ? 'decoder-missing' : 'decoder-failed',
          missing ? `There is no ${program} on PATH` : `${program} cannot be started`,
          { cause },
        ),
      );
    });
    child.on('close', (code, signal) => {
      timer.cancel();
      this.#running.delete(promise);
      if (code === 0) resolve(Buffer.concat(chunks));
      else reject(new WeirError('decoder-failed', `ffmpeg ended with ${signal ?? `exit code ${code}`}`));
    });
    this.#running.set(promise, () => fail(new WeirError('shutting-down', 'The decoder was closed')));
    return promise;
  }
}

function commandLine(demuxer: string, size: PictureSize): readonly string[] {
  const input = `-max_pixels ${MAX_PIXELS} -threads 1 -f ${demuxer} -i pipe:0`;
  const filters = `scale=${size.width}:${size.height}:out_range=full,setsar=1`;
  const output = `-frames:v 1 -vf ${filters} -c:v mjpeg -q:v 4 -pix_fmt yuvj420p -f image2pipe pipe:1`;
  return `-hide_banner -loglevel quiet -nostdin ${input} ${output}`.split(' ');
}
