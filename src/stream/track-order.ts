/** Lists of tracks: which of them leads, and which is which when a source announces them again. */
import { codecFor } from '../core/codec/registry.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';

/**
 * Which of `tracks` each of `formats` goes on, by index: the same kind, codec and clock, each once, several of one kind in their
 * order. Undefined if any is missing or too many: readers cannot go on.
 */
export function matchTracks(
  tracks: readonly TrackFormat[],
  formats: readonly TrackFormat[],
): readonly number[] | undefined {
  if (tracks.length !== formats.length) return undefined;
  const taken = new Set<number>();
  for (const format of formats) {
    const index = tracks.findIndex((track, i) => !taken.has(i) && sameKind(track, format));
    if (index < 0) return undefined;
    taken.add(index);
  }
  return [...taken];
}

/** The track that leads: the first picture, one that the timeline carries before others, or else the first sound; 0 where there is none. */
export function mainIndex(formats: readonly TrackFormat[]): number {
  const rank = [
    (format: TrackFormat): boolean => format.media === 'video' && isCarried(format),
    (format: TrackFormat): boolean => format.media === 'video' && codecFor(format.encoding) !== undefined,
    (format: TrackFormat): boolean => format.media === 'video',
    (format: TrackFormat): boolean => format.media === 'audio' && isCarried(format),
    (format: TrackFormat): boolean => format.media === 'audio',
  ];
  for (const fits of rank) {
    const index = formats.findIndex(fits);
    if (index >= 0) return index;
  }
  return 0;
}

function isCarried({ encoding }: TrackFormat): boolean {
  return codecFor(encoding)?.timeline === true;
}

function sameKind(one: TrackFormat, other: TrackFormat): boolean {
  return (
    one.media === other.media &&
    one.encoding === other.encoding &&
    one.clockRate === other.clockRate &&
    (one.channels ?? 1) === (other.channels ?? 1)
  );
}
