/**
 * A media playlist as text: live (sliding), or finished (RFC 8216 §4, draft-pantos-hls-rfc8216bis §4.4).
 *
 *     #EXTM3U  VERSION  TARGETDURATION  [PLAYLIST-TYPE]  MEDIA-SEQUENCE  DISCONTINUITY-SEQUENCE  [START]
 *     { [DISCONTINUITY] [MAP] PROGRAM-DATE-TIME EXTINF uri } …
 *     [ENDLIST]
 *
 * DISCONTINUITY-SEQUENCE is always there: AVPlayer loses its place at a DISCONTINUITY without it (infinite-streaming#149).
 * INDEPENDENT-SEGMENTS never is: a segment may have been cut by time, and a list may not change its mind.
 */
import { attributes } from './attributes.ts';
import type { PlaylistSegment } from './segment-tags.ts';
import { segmentTags } from './segment-tags.ts';

export interface MediaPlaylist {
  /** Whole seconds, never to change in a live list; each segment, rounded, is at most that (`targetDuration`). */
  readonly targetDurationS: number;
  /** Number of the first segment. */
  readonly mediaSequence: number;
  /** Discontinuities up to the first segment listed, with its own where its tag is left out (RFC 8216 §6.2.1: a tag there would count once more). */
  readonly discontinuitySequence: number;
  /** It never changes; a sliding list has none. */
  readonly type?: 'VOD';
  /** Nothing will be added. */
  readonly ended: boolean;
  /** Where to begin, in seconds from the start of the list: exactly there. */
  readonly startOffsetS?: number;
  readonly segments: readonly PlaylistSegment[];
}

/** What EXT-X-MAP in a list of ordinary segments needs (RFC 8216 §7). */
const VERSION = 6;

export function renderMediaPlaylist(playlist: MediaPlaylist): string {
  const lines = ['#EXTM3U', `#EXT-X-VERSION:${VERSION}`, `#EXT-X-TARGETDURATION:${playlist.targetDurationS}`];
  if (playlist.type !== undefined) lines.push(`#EXT-X-PLAYLIST-TYPE:${playlist.type}`);
  lines.push(
    `#EXT-X-MEDIA-SEQUENCE:${playlist.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${playlist.discontinuitySequence}`,
  );
  if (playlist.startOffsetS !== undefined) {
    const offset = playlist.startOffsetS.toFixed(3);
    lines.push(
      `#EXT-X-START:${attributes([
        ['TIME-OFFSET', offset],
        ['PRECISE', 'YES'],
      ])}`,
    );
  }
  let before: PlaylistSegment | undefined;
  for (const segment of playlist.segments) {
    lines.push(...segmentTags(segment, before));
    before = segment;
  }
  if (playlist.ended) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

/** The smallest TARGETDURATION that is true of these segments: the longest, rounded (RFC 8216 §4.3.3.1); at least 1. */
export function targetDuration(segments: readonly { readonly durationMs: number }[]): number {
  let most = 1;
  for (const segment of segments) most = Math.max(most, Math.round(segment.durationMs / 1000));
  return most;
}
