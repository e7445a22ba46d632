/**
 * Names of recordings, in UTC:
 *
 *     {stream, percent-encoded}/{YYYY-MM-DD}/{HH}/{YYYYMMDD}T{HHMMSS}.{mmm}Z.mp4         a second file of the same moment (the clock
 *     lobby%2Flow/2026-11-24/08/20261124T081648.123Z.mp4                                  stepped back): …Z-2.mp4
 */
export interface RecordingName {
  readonly stream: string;
  readonly baseUtcMs: number;
  /** From 1. */
  readonly attempt: number;
}

/** One folder a stream: `encodeURIComponent` leaves no slash, and stream names begin with no dot. */
export function recordingPath({ stream, baseUtcMs, attempt }: RecordingName): string {
  const iso = new Date(baseUtcMs).toISOString();
  const name = iso.replaceAll('-', '').replaceAll(':', '');
  const suffix = attempt === 1 ? '' : `-${attempt}`;
  return `${encodeURIComponent(stream)}/${iso.slice(0, 10)}/${iso.slice(11, 13)}/${name}${suffix}.mp4`;
}

const NAME = /^([^/]+)\/[^/]+\/[^/]+\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z(?:-(\d{1,3}))?\.mp4$/;

/** The inverse; undefined for whatever else lies there. */
export function parseRecordingPath(path: string): RecordingName | undefined {
  const match = NAME.exec(path);
  if (match === null) return undefined;
  const [, folder = '', year, month, day, hour, minute, second, attempt = '1'] = match;
  const baseUtcMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(baseUtcMs)) return undefined;
  try {
    const name = { stream: decodeURIComponent(folder), baseUtcMs, attempt: Number(attempt) };
    return recordingPath(name) === path ? name : undefined;
  } catch {
    return undefined;
  }
}
