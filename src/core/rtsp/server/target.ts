/**
 * What a request's URL names: stream, track, and how a reader starts. Clients join our `a=control:trackID=n` to the URL in every way
 * there is (gsl server_session.go), and all of them mean the same:
 *
 *     rtsp://host/yard/trackID=0              RFC 2326 appendix C.1.1
 *     rtsp://host/yard?start=gop/trackID=0    FFmpeg: as text
 *     rtsp://host/yard/trackID=0?start=gop    as a path
 *     rtsp://host/yard/trackID=0              GStreamer: by RFC 3986, which loses the query; what was described is remembered
 *     rtsp://host/yard/?start=gop             aggregate control: the Content-Base
 */
export interface RequestTarget {
  /** As the path says, percent-decoded; whether such a stream may exist is the edge's to judge. Empty for `rtsp://host/`. */
  readonly stream: string;
  readonly track: number | undefined;
  /** Undefined if the URL does not say, or says something unknown. */
  readonly start: ReaderStart | undefined;
}

/** Where a live reader begins: GOP squeezed to end now, GOP with true times, next key frame. */
export type ReaderStart = 'live' | 'gop' | 'key';

/** Longer than any name (200) with a query. */
export const MAX_URI_LENGTH = 2048;

const TRACK = /\/(?:trackid|track|streamid|stream)=(\d{1,3})\/*$/i;

/** Undefined for `*`, for another scheme and for what cannot be decoded. */
export function parseTarget(uri: string): RequestTarget | undefined {
  if (uri.length > MAX_URI_LENGTH) return undefined;
  const match = /^(?:rtsps?:\/\/[^/?]*)?(\/[^?]*)?(?:\?(.*))?$/i.exec(uri);
  if (match === null || uri === '') return undefined;
  const [path, trackInPath] = cutTrack(match[1] ?? '/');
  const [query, trackInQuery] = cutTrack(match[2] ?? '');
  const stream = decode(withoutSlashesAtEnd(path.replace(/^\/+/, '')));
  if (stream === undefined) return undefined;
  return { stream, track: trackInPath ?? trackInQuery, start: startOf(query) };
}

/** What controls are relative to. Ends in '/', before the query: GStreamer joins as RFC 3986 says, FFmpeg as text; both work. */
export function contentBase(uri: string): string {
  const [path, query] = splitBase(uri);
  return query === '' ? `${path}/` : `${path}/?${query}`;
}

/** `uri` without user and password, track, query and slashes at the end: what RTP-Info continues. */
export function baseUri(uri: string): string {
  return splitBase(uri)[0];
}

/** What follows the question mark, without a track; empty if there is none. */
export function queryOf(uri: string): string {
  return splitBase(uri)[1];
}

function splitBase(uri: string): readonly [path: string, query: string] {
  const [path, query = ''] = splitOnce(withoutUserinfo(uri), '?');
  return [withoutTrack(path), withoutTrack(query)];
}

function withoutTrack(text: string): string {
  return withoutSlashesAtEnd(cutTrack(text)[0]);
}

/** A search for `/+$` would begin at each slash of a long run again. */
export function withoutSlashesAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}

export function withoutUserinfo(uri: string): string {
  return uri.replace(/^([a-z]+:\/\/)[^/?]*@/i, '$1');
}

function cutTrack(text: string): readonly [string, number | undefined] {
  const match = TRACK.exec(text);
  return match === null ? [text, undefined] : [text.slice(0, match.index), Number(match[1])];
}

function startOf(query: string): ReaderStart | undefined {
  const value = /(?:^|&)start=([a-z]+)(?=$|[&/])/.exec(query)?.[1];
  return value === 'live' || value === 'gop' || value === 'key' ? value : undefined;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
