/** ffmpeg as the publisher and as the reader that the tests use most. */
import type { TestContext } from 'node:test';
import { Background } from './program.ts';

/** Publishes a clip in real time, as it is coded, over TCP. */
export function publishClip(context: TestContext, clip: string, url: string): Background {
  // It would hold the picture back for ten seconds to wait for sound that has ended.
  const output = ['-max_interleave_delta', '100000', '-f', 'rtsp', '-rtsp_transport', 'tcp', url];
  const words = ['-v', 'error', '-re', '-i', clip, '-c', 'copy', ...output];
  return new Background(context, 'ffmpeg', words);
}

/** A reader over RTSP that stays, and counts the pictures that come. */
export class CountingReader {
  readonly #process: Background;

  constructor(context: TestContext, url: string) {
    const words = ['-v', 'error', '-rtsp_transport', 'tcp', '-i', url, '-an', '-c', 'copy', '-f', 'framemd5'];
    this.#process = new Background(context, 'ffmpeg', [...words, '-flush_packets', '1', '-']);
  }

  get running(): boolean {
    return this.#process.running;
  }

  /** Waits until it ends by itself. */
  exit(): Promise<number | null> {
    return this.#process.exit();
  }

  get pictures(): number {
    return this.#lines().length;
  }

  /** Decode times of the pictures, in the time base of the track. FFmpeg moves them with each sender report. */
  get times(): readonly number[] {
    return this.#lines().map((line) => Number(line.split(',')[1]));
  }

  #lines(): readonly string[] {
    return this.#process.stdout.split('\n').filter((line) => line.startsWith('0,'));
  }
}
