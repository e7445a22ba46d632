/**
 * The tags of one media segment, in the order in which players expect them: what changes (break, init), then when, how
 * long, where (RFC 8216 §4.3.2).
 */
import { quoted } from './attributes.ts';
import { isoUtc } from '../time/civil.ts';

export interface PlaylistSegment {
  readonly uri: string;
  /** May have a fraction: EXTINF has five decimals, so that sums stay true within a frame. */
  readonly durationMs: number;
  /** Start in presentation, UTC. */
  readonly startUtcMs: number;
  /** Its start is not the end of the segment before, or it has another init. */
  readonly discontinuity: boolean;
  /** URI of its init section. */
  readonly mapUri: string;
}

/** `before`: the segment listed before it, whose init still holds. */
export function segmentTags(segment: PlaylistSegment, before: PlaylistSegment | undefined): readonly string[] {
  const lines: string[] = [];
  if (segment.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
  if (segment.mapUri !== before?.mapUri) lines.push(`#EXT-X-MAP:URI=${quoted(segment.mapUri)}`);
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${isoUtc(segment.startUtcMs)}`);
  lines.push(`#EXTINF:${(segment.durationMs / 1000).toFixed(5)},`, segment.uri);
  return lines;
}
