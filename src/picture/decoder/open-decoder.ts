import { availableParallelism } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { ChildPool } from './child-pool.ts';
import type { Decoder } from './decoder.ts';
import { DecoderQueue } from './decoder-queue.ts';
import { FfmpegProvider } from './ffmpeg-provider.ts';

/** A child holds 120 MB: more than these are not worth it for stills. */
const CHILDREN_MAX = 4;

/** The decoder of this machine: node-av in children, else `ffmpeg` on PATH. Nothing starts before the first picture is asked for. */
export function openDecoder({ clock, log }: { readonly clock: Clock; readonly log: Log }): Decoder {
  return new DecoderQueue({
    providers: [new ChildPool({ clock, log }), new FfmpegProvider({ clock })],
    // One core is left to the media loop.
    atWorkMax: Math.min(CHILDREN_MAX, Math.max(1, availableParallelism() - 1)),
  });
}
