/**
 * The views of a stream: the last part of a media URL, `/{stream}/{view}`. One row a view; parsing, the names that no
 * stream may have and docs/urls.md come from the rows.
 */
import { WeirError } from '../errors.ts';
import {
  DURATION_SHAPE,
  TIME_SHAPE,
  formatUrlDuration,
  formatUrlTime,
  parseUrlDuration,
  parseUrlTime,
} from './url-time.ts';

export type View =
  /** The multivariant list of what is live. */
  | { readonly kind: 'live-list' }
  /** The media list of one generation (constants of a list never change in it). */
  | { readonly kind: 'media-list'; readonly generation: number }
  | { readonly kind: 'segment'; readonly number: number }
  | { readonly kind: 'init'; readonly hash: string }
  | { readonly kind: 'archive-list'; readonly fromUtcMs: number; readonly durationMs: number }
  | { readonly kind: 'archive-media-list'; readonly fromUtcMs: number; readonly durationMs: number }
  | { readonly kind: 'recording-status' }
  /** The last key frame: a picture, or the frame itself wrapped. */
  | { readonly kind: 'preview'; readonly format: StillFormat }
  | { readonly kind: 'still-at'; readonly utcMs: number; readonly format: StillFormat };

export type StillFormat = 'jpg' | 'mp4';

export interface ViewRow {
  /** As the docs show it. */
  readonly form: string;
  /** What the docs say of it. */
  readonly meaning: string;
  /** Whether it shows what is live or what is recorded: which right it takes. */
  readonly right: 'read' | 'playback';
  readonly shape: RegExp;
  /** The view that a matching name is; undefined if a time in it is none. */
  readonly parse: (groups: readonly string[]) => View | undefined;
}

export const VIEW_ROWS: readonly ViewRow[] = [
  {
    form: 'index.m3u8',
    meaning: 'HLS, live: the list to give to a player',
    right: 'read',
    shape: /^index\.m3u8$/,
    parse: () => ({ kind: 'live-list' }),
  },
  {
    form: 'media-{g}.m3u8',
    meaning: 'HLS, live: the media list of generation g, named by index.m3u8',
    right: 'read',
    shape: /^media-(\d{1,15})\.m3u8$/,
    parse: ([generation = '']) => ({ kind: 'media-list', generation: Number(generation) }),
  },
  {
    form: 'seg-{n}.m4s',
    meaning: 'Segment n, live or recorded: the same bytes at the same URL for life',
    right: 'read',
    shape: /^seg-(\d{1,15})\.m4s$/,
    parse: ([number = '']) => ({ kind: 'segment', number: Number(number) }),
  },
  {
    form: 'init-{hash}.mp4',
    meaning: "The decoder's set-up that segments need, named by the lists",
    right: 'read',
    shape: /^init-([A-Za-z0-9_-]{1,64})\.mp4$/,
    parse: ([hash = '']) => ({ kind: 'init', hash }),
  },
  {
    form: 'archive-{from}-{duration}.m3u8',
    meaning: 'HLS, recorded: what there is of `duration` seconds from `from` on',
    right: 'playback',
    shape: new RegExp(`^archive-(${TIME_SHAPE})-(${DURATION_SHAPE})\\.m3u8$`),
    parse: (groups) => archiveView('archive-list', groups),
  },
  {
    form: 'archive-{from}-{duration}-media.m3u8',
    meaning: 'HLS, recorded: the media list that the one above names',
    right: 'playback',
    shape: new RegExp(`^archive-(${TIME_SHAPE})-(${DURATION_SHAPE})-media\\.m3u8$`),
    parse: (groups) => archiveView('archive-media-list', groups),
  },
  {
    form: 'recording_status.json',
    meaning: 'Recorded spans and gaps; `?from=&to=` in Unix seconds',
    right: 'playback',
    shape: /^recording_status\.json$/,
    parse: () => ({ kind: 'recording-status' }),
  },
  {
    form: 'preview.jpg, preview.mp4',
    meaning: 'The last key frame: as a picture (`?width=`), or wrapped without decoding',
    right: 'read',
    shape: /^preview\.(jpg|mp4)$/,
    parse: ([format]) => ({ kind: 'preview', format: stillFormat(format) }),
  },
  {
    form: '{utc}.jpg',
    meaning: 'The recorded picture at or before the moment (`?width=`)',
    right: 'playback',
    shape: new RegExp(`^(${TIME_SHAPE})\\.jpg$`),
    parse: ([time]) => stillView(time, 'jpg'),
  },
  {
    form: '{utc}-preview.mp4, {utc}-preview.jpg',
    meaning: 'The same, wrapped without decoding; `-preview.jpg` is another name of `{utc}.jpg`',
    right: 'playback',
    shape: new RegExp(`^(${TIME_SHAPE})-preview\\.(jpg|mp4)$`),
    parse: ([time, format]) => stillView(time, stillFormat(format)),
  },
];

/** The view that the last part of a URL names; undefined if none. Throws `time-invalid` if only its time is wrong. */
export function parseView(name: string): { readonly view: View; readonly right: ViewRow['right'] } | undefined {
  if (name.length > MAX_VIEW_NAME) return undefined;
  for (const row of VIEW_ROWS) {
    const match = row.shape.exec(name);
    if (match === null) continue;
    const view = row.parse(match.slice(1));
    if (view === undefined) {
      throw new WeirError('time-invalid', `'${name}' names no time`, {
        expected: 'Unix seconds or 20260101T100000Z, and a duration in seconds of at most ten digits',
      });
    }
    return { view, right: row.right };
  }
  return undefined;
}

/** The URL's last part for a view, the inverse of `parseView`: what lists and links write. */
export function viewName(view: View): string {
  switch (view.kind) {
    case 'live-list':
      return 'index.m3u8';
    case 'media-list':
      return `media-${view.generation}.m3u8`;
    case 'segment':
      return `seg-${view.number}.m4s`;
    case 'init':
      return `init-${view.hash}.mp4`;
    case 'archive-list':
      return `archive-${formatUrlTime(view.fromUtcMs)}-${formatUrlDuration(view.durationMs)}.m3u8`;
    case 'archive-media-list':
      return `archive-${formatUrlTime(view.fromUtcMs)}-${formatUrlDuration(view.durationMs)}-media.m3u8`;
    case 'recording-status':
      return 'recording_status.json';
    case 'preview':
      return `preview.${view.format}`;
    case 'still-at':
      return `${formatUrlTime(view.utcMs)}${view.format === 'mp4' ? '-preview.mp4' : '.jpg'}`;
    default:
      return view satisfies never;
  }
}

/** Above it a name is no view: the longest is an archive list with two long numbers. */
const MAX_VIEW_NAME = 128;

function archiveView(
  kind: 'archive-list' | 'archive-media-list',
  [from = '', duration = '']: readonly string[],
): View | undefined {
  const fromUtcMs = parseUrlTime(from);
  const durationMs = parseUrlDuration(duration);
  return fromUtcMs === undefined || durationMs === undefined ? undefined : { kind, fromUtcMs, durationMs };
}

function stillView(time: string | undefined, format: StillFormat): View | undefined {
  const utcMs = parseUrlTime(time ?? '');
  return utcMs === undefined ? undefined : { kind: 'still-at', utcMs, format };
}

function stillFormat(text: string | undefined): StillFormat {
  return text === 'mp4' ? 'mp4' : 'jpg';
}
