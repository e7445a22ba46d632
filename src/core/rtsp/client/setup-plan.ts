/** What to set up of a DESCRIBE's answer: the URLs and formats of the tracks that are wanted, and why the others are not. */
import { WeirError } from '../../errors.ts';
import { baseUrl, controlUrl } from '../../sdp/control-url.ts';
import { parseSdp } from '../../sdp/parse-sdp.ts';
import { sdpTracks, type SdpTrack } from '../../sdp/sdp-tracks.ts';
import { attribute, type MediaSection, type SessionDescription } from '../../sdp/session-description.ts';
import type { RtspResponse } from '../wire/message.ts';
import type { PortPair } from '../wire/transport.ts';
import type { ClientTrack, SkippedTrack } from './client-io.ts';

export interface SetupPlan {
  /** For PLAY, TEARDOWN and keep-alives. */
  readonly aggregateUrl: string;
  readonly tracks: readonly PlannedTrack[];
  readonly skipped: readonly SkippedTrack[];
  /** A dead session's RTP may arrive on this connection: live555 before 2017-06-04 (ret#17, mf#114). */
  readonly staleMedia: boolean;
}

export interface PlannedTrack extends Pick<ClientTrack, 'format' | 'url'> {
  readonly section: number;
  /** Where it is to be had by multicast, if the description says: c= and m=. */
  readonly group?: string;
  readonly groupPorts?: PortPair;
}

/** Later tracks are skipped. */
export const MAX_CLIENT_TRACKS = 8;

/** Errors: `source-protocol` for no description, `source-no-media` if nothing in it can be used. */
export function planSetup(requestUrl: string, response: RtspResponse, label: string): SetupPlan | WeirError {
  const description = parseSdp(response.body);
  if (description instanceof WeirError) {
    return new WeirError('source-protocol', 'The answer to DESCRIBE holds no usable description', {
      place: label,
      cause: description,
    });
  }
  const { headers } = response;
  const base = baseUrl(requestUrl, {
    contentBase: headers.get('Content-Base'),
    contentLocation: headers.get('Content-Location'),
  });
  const { tracks, unusable } = sdpTracks(description);
  const skipped: SkippedTrack[] = [...unusable];
  const planned: PlannedTrack[] = [];
  for (const track of tracks) {
    const reason =
      planned.length === MAX_CLIENT_TRACKS ? `it is beyond the first ${MAX_CLIENT_TRACKS}` : notWanted(track);
    const { section, format, control } = track;
    const place = groupPlace(description.media[section]);
    if (reason === undefined) planned.push({ section, format, url: escaped(controlUrl(base, control)), ...place });
    else skipped.push({ section, media: format.media, reason });
  }
  if (!planned.some(({ format }) => format.media !== 'application')) {
    const alone = planned.map(({ format }) => `${format.media}: ${format.encoding} is nothing to see or hear`);
    const reasons = [...skipped.map(({ media, reason }) => `${media}: ${reason}`), ...alone].join('; ');
    return new WeirError('source-no-media', `The source offers no track that can be used (${reasons})`, {
      place: label,
    });
  }
  return {
    aggregateUrl: escaped(controlUrl(base, description.control)),
    tracks: planned,
    skipped,
    staleMedia: hasStaleMedia(description),
  };
}

function notWanted({ backChannel }: SdpTrack): string | undefined {
  return backChannel ? 'it is a back-channel' : undefined;
}

/** A request line ends at a blank, and holds no control characters. */
function escaped(url: string): string {
  return url.replaceAll(/[\s\p{Cc}]/gu, (character) => encodeURIComponent(character));
}

function groupPlace(section: MediaSection | undefined): Pick<PlannedTrack, 'group' | 'groupPorts'> {
  if (section?.group === undefined) return {};
  const { group, port } = section;
  return port > 0 && port < 65535 ? { group, groupPorts: [port, port + 1] } : { group };
}

function hasStaleMedia(description: SessionDescription): boolean {
  const version = /LIVE555 Streaming Media v(\d{4})\.(\d\d)\.(\d\d)/i.exec(
    attribute(description.attributes, 'tool') ?? '',
  );
  return version !== null && version.slice(1).join('') < '20170604';
}
