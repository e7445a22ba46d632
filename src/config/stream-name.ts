/**
 * Which names a stream may have. One rule for the configuration, the API, RTSP and HTTP, because a name is a path of every one of them:
 * parts of `[A-Za-z0-9_~-][A-Za-z0-9._~-]*` joined by `/`, the first none of the server's own paths, no part that reads as a view
 * or as a track, now or in the forms that other servers made known.
 */
import { WeirError } from '../core/errors.ts';
import { VIEW_ROWS } from '../core/url/view.ts';

export const MAX_STREAM_NAME_LENGTH = 200;

/** Throws `name-invalid`, saying which part is wrong and why. */
export function assertStreamName(name: string): void {
  const error = streamNameError(name);
  if (error !== undefined) throw error;
}

/** `name-invalid`, saying which part is wrong and why; undefined if nothing is. */
export function streamNameError(name: string): WeirError | undefined {
  const fault = streamNameFault(name);
  if (fault === undefined) return undefined;
  return new WeirError('name-invalid', `'${name.slice(0, MAX_STREAM_NAME_LENGTH)}' is not a stream name: ${fault}`);
}

export function isStreamName(name: string): boolean {
  return streamNameFault(name) === undefined;
}

/** What is wrong with a name, in words; undefined if nothing is. */
export function streamNameFault(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name.length > MAX_STREAM_NAME_LENGTH) return `it is longer than ${MAX_STREAM_NAME_LENGTH} characters`;
  const parts = name.split('/');
  if (RESERVED_FIRST_PARTS.has(parts[0] ?? '')) return `'${parts[0]}' is a path of the server itself`;
  for (const part of parts) {
    if (part === '') return 'a part between slashes is empty';
    if (!NAME_PART.test(part))
      return `'${part}' has other characters than letters, digits, _ ~ - . or begins with a dot`;
    if (readsAsView(part)) return `'${part}' is the name of a view`;
  }
  return undefined;
}

const NAME_PART = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*$/;

const RESERVED_FIRST_PARTS: ReadonlySet<string> = new Set(
  'api metrics healthz readyz assets streamer dvr_status export_mp4 get list login mp4 previews snap thumbnail vod'.split(
    ' ',
  ),
);

/** Forms that are, or will be, views or tracks: Flussonic's, Nimble's, Wowza's, MPEG-TS, DASH, WHEP, RTSP controls. */
const OTHER_VIEWS: readonly RegExp[] = [
  /^(?:index|mono|video|archive|media|playlist|rewind|timeshift)(?:[-_].*)?\.(?:m3u8|mpd|ts|mp4)$/,
  /^(?:mono|video|audio|tracks)-.*\.(?:m3u8|mpd|ts|mp4|m4s)$/,
  /^(?:seg|key|part|init|storyboard)-.*\.(?:m4s|ts|mp4|vtt|jpg|webp)$/,
  /^(?:timeshift_abs|timeshift_rel|playlist_dvr|playlist_fmp4_dvr).*$/,
  /^(?:live|view|clip|export)\.(?:mp4|ts|flv|webm)$/,
  /^manifest\.(?:mpd|m3u8|f4m|ism)$/,
  /^preview\.(?:jpg|jpeg|webp|png|mp4|mjpg|mjpeg)$/,
  /^\d[\dTZ.]*(?:-preview)?\.(?:jpg|jpeg|webp|png|mp4|ts)$/,
  /^(?:frames|stills|whep|whip|mpegts|recording_status\.json|stream\.json)$/,
  /^(?:trackID|track|streamid|stream)=.*$/i,
];

function readsAsView(part: string): boolean {
  return VIEW_ROWS.some((row) => row.shape.test(part)) || OTHER_VIEWS.some((shape) => shape.test(part));
}
