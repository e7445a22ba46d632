/**
 * The RTP-Info header (RFC 2326 §12.33): where each track's media begins. Written only: what cameras say in it (wrong URLs, `rtptime=-1`,
 * bogus numbers: ret#117, mf#224) is worth nothing that sender reports do not say better.
 *
 *     url=rtsp://h/s/trackID=0;seq=47121;rtptime=3475222385,url=rtsp://h/s/trackID=1;seq=1;rtptime=0
 */
export interface RtpInfo {
  readonly url: string;
  /** Undefined: not known; may be left out. */
  readonly sequence: number | undefined;
  readonly rtpTime: number;
}

export function serialiseRtpInfo(entries: readonly RtpInfo[]): string {
  return entries
    .map(
      ({ url, sequence, rtpTime }) =>
        `url=${url}${sequence === undefined ? '' : `;seq=${sequence}`};rtptime=${rtpTime}`,
    )
    .join(',');
}
