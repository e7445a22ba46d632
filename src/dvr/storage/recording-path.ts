/**
 * Names of recordings, in UTC:
 *
 *     {stream, percent-encoded}/{YYYY-MM-DD}/{HH}/{YYYYMMDD}T{HHMMSS}.{mmm}Z.mp4         a second file of the same moment (the clock
 *     lobby%2Flow/2026-11-24/08/20261124T081648.123Z.mp4                                  stepped back): …Z-2.mp4
 */
export function recordingPath(stream: string, baseUtcMs: number, attempt: number): string {
  const iso = new Date(baseUtcMs).toISOString();
  const day = iso.slice(0, 10);
  const name = iso.replaceAll('-', '').replaceAll(':', '');
  return `${streamFolder(stream)}/${day}/${iso.slice(11, 13)}/${name}${attempt === 1 ? '' : `-${attempt}`}.mp4`;
}

/** One folder a stream: `encodeURIComponent` leaves no slash; stream names have no leading dot. */
export function streamFolder(stream: string): string {
  return encodeURIComponent(stream);
}

/** Whether a path has the form of a recording's. */
export function isRecordingPath(path: string): boolean {
  return /^[^/]+\/\d{4}-\d{2}-\d{2}\/\d{2}\/\d{8}T\d{6}\.\d{3}Z(?:-\d+)?\.mp4$/.test(path);
}
