/** Which pictures of a looped clip a reader showed: known by their hashes, put in their place by their times. */
import type { TestContext } from 'node:test';
import { Background } from './program.ts';

interface Shown {
  /** In pictures: the clip's and the reader's rate are the same. */
  readonly at: number;
  readonly hash: string;
}

/** ffmpeg, over RTSP in TCP, decoding. */
export class ShownPictures {
  readonly #process: Background;

  constructor(context: TestContext, url: string) {
    const input = ['-v', 'fatal', '-threads', '1', '-fflags', 'nobuffer', '-rtsp_transport', 'tcp', '-i', url];
    const output = ['-an', '-fps_mode', 'passthrough', '-f', 'framemd5', '-flush_packets', '1', '-'];
    this.#process = new Background(context, 'ffmpeg', [...input, ...output]);
  }

  get count(): number {
    return this.#shown().length;
  }

  /**
   * Numbers of those that were shown as they are. `clip`: hashes of the loop; `sent`: how many pictures had been sent by now, of which the newest
   * that is shown is less than a loop behind.
   */
  numbers(clip: readonly string[], sent: number): readonly number[] {
    const places = new Map(clip.map((hash, i) => [hash, i]));
    const known = this.#shown().flatMap(({ at, hash }) => {
      const place = places.get(hash);
      return place === undefined ? [] : [{ at, place }];
    });
    const last = known.at(-1);
    if (last === undefined) return [];
    const newest = sent - 1 - mod(sent - 1 - last.place, clip.length);
    return known.map(({ at, place }) => {
      const about = newest - (last.at - at);
      return about + mod(place - about + clip.length / 2, clip.length) - clip.length / 2;
    });
  }

  /** stream, dts, pts, duration, size, hash; in 1/25 s. */
  #shown(): readonly Shown[] {
    const lines = this.#process.stdout.split('\n').slice(0, -1);
    return lines.flatMap((line) => {
      const [stream, , at, , , hash] = line.split(',').map((word) => word.trim());
      return stream === '0' && hash !== undefined ? [{ at: Number(at), hash }] : [];
    });
  }
}

function mod(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
