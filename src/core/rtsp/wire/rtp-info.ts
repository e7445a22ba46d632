/**
 * The RTP-Info header (RFC 2326 §12.33): where each track's media begins.
 *
 *     url=rtsp://h/s/trackID=0;seq=47121;rtptime=3475222385,url=trackID=1;seq=1;rtptime=0
 *
 * A hint at most: cameras send wrong URLs, `rtptime=-1` and bogus numbers (ret#117, mf#224); those are left out.
 */
export interface RtpInfo {
  readonly url: string;
  readonly sequence?: number;
  readonly rtpTime?: number;
  /** Not in the RFC; Reolink says it. */
  readonly ssrc?: number;
}

export function parseRtpInfo(value: string): readonly RtpInfo[] {
  // URLs may hold commas and semicolons: entries begin at `url=`, numbers stand at the end.
  return value
    .split(/,\s*(?=url\s*=)/i)
    .map(parseEntry)
    .filter((entry) => entry !== undefined);
}

export function serialiseRtpInfo(entries: readonly Required<Omit<RtpInfo, 'ssrc'>>[]): string {
  return entries.map((entry) => `url=${entry.url};seq=${entry.sequence};rtptime=${entry.rtpTime}`).join(',');
}

function parseEntry(text: string): RtpInfo | undefined {
  const url = /^\s*url\s*=\s*"?(.*?)"?\s*(?=;\s*(?:seq|rtptime|ssrc)\s*=|$)/i.exec(text)?.[1];
  if (url === undefined) return undefined;
  const sequence = numberAfter(text, /;\s*seq\s*=\s*(\d{1,5})(?!\d)/i, 0xffff);
  const rtpTime = numberAfter(text, /;\s*rtptime\s*=\s*(\d{1,10})(?!\d)/i, 0xffff_ffff);
  const ssrc = /;\s*ssrc\s*=\s*([0-9a-f]{1,8})(?![0-9a-z])/i.exec(text)?.[1];
  return {
    url,
    ...(sequence === undefined ? {} : { sequence }),
    ...(rtpTime === undefined ? {} : { rtpTime }),
    ...(ssrc === undefined ? {} : { ssrc: Number.parseInt(ssrc, 16) }),
  };
}

function numberAfter(text: string, pattern: RegExp, max: number): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits !== undefined && Number(digits) <= max ? Number(digits) : undefined;
}
