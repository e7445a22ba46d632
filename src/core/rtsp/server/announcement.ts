/** What a publisher says that it will send (RFC 2326 §10.3), and which of its tracks a URL means. */
import { WeirError } from '../../errors.ts';
import type { TrackFormat } from '../../codec/track-format.ts';
import { controlUrl } from '../../sdp/control-url.ts';
import { parseSdp } from '../../sdp/parse-sdp.ts';
import { sdpTracks } from '../../sdp/sdp-tracks.ts';
import { parseTarget, withoutSlashesAtEnd, withoutUserinfo } from './target.ts';

export interface Announcement {
  readonly stream: string;
  /** The URL that was announced, without user and password: what relative controls continue. */
  readonly base: string;
  /** One a media section, in order: a publisher sets up all of them, and what cannot be used is thrown away when it comes. */
  readonly tracks: readonly AnnouncedTrack[];
}

export interface AnnouncedTrack {
  /** As sent: 'video'. */
  readonly media: string;
  /** a=control, as sent. */
  readonly control: string | undefined;
  /** Undefined if it cannot be used. */
  readonly format: Omit<TrackFormat, 'parameters'> | undefined;
  /** Why not: half a sentence. */
  readonly reason: string | undefined;
}

/** `base`: the request's URL, without user, password and slashes at the end. Errors: `sdp-invalid` if nothing in it can be used. */
export function parseAnnouncement(body: Uint8Array, base: string, stream: string): Announcement | WeirError {
  const description = parseSdp(body);
  if (description instanceof WeirError) return description;
  const { tracks, unusable } = sdpTracks(description);
  if (tracks.length === 0) {
    const reasons = unusable.map((section) => `${section.media}: ${section.reason}`).join('; ');
    return new WeirError('sdp-invalid', `Nothing that was announced can be used: ${reasons}`);
  }
  return {
    stream,
    base,
    tracks: description.media.map((media, index) => ({
      media: media.media,
      control: media.control,
      format: tracks.find((track) => track.section === index)?.format,
      reason: unusable.find((section) => section.section === index)?.reason,
    })),
  };
}

/** The index of the track that `uri` names; undefined if it names none (the aggregate). */
export function announcedTrack(uri: string, announcement: Announcement): number | undefined {
  const url = withoutSlashesAtEnd(withoutUserinfo(uri));
  const path = url.split('?', 1)[0] ?? '';
  const index = announcement.tracks.findIndex(({ control }) => {
    if (control === undefined || control === '' || control === '*') return false;
    return (
      controlUrl(announcement.base, control) === url || url.endsWith(`/${control}`) || path.endsWith(`/${control}`)
    );
  });
  return index < 0 ? parseTarget(uri)?.track : index;
}
