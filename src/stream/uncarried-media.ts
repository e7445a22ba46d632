import { codecFor } from '../core/codec/registry.ts';
import type { TrackStatus } from './stream.ts';

/**
 * Encodings for which the timeline of a stream with these tracks stays empty, so that there is neither HLS nor a recording of it; undefined:
 * it is carried. Video that cannot be carried is not replaced by its sound alone; sound that cannot be carried is left out.
 */
export function uncarriedMedia(tracks: readonly Pick<TrackStatus, 'format'>[]): string | undefined {
  if (tracks.length === 0) return undefined;
  const video = tracks.filter(({ format }) => format.media === 'video');
  const wanted = video.length > 0 ? video : tracks;
  if (wanted.some(({ format }) => codecFor(format.encoding)?.timeline === true)) return undefined;
  return wanted.map(({ format }) => format.encoding).join(', ');
}
