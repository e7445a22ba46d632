/** A session description (RFC 8866, RFC 2326 appendix C) as far as RTSP needs it. A value. */
export interface SessionDescription {
  /** s=, if any. */
  readonly name: string | undefined;
  /** Session level a=control, as sent. */
  readonly control: string | undefined;
  readonly attributes: readonly SdpAttribute[];
  readonly media: readonly MediaSection[];
}

export interface MediaSection {
  /** As sent: 'video', 'audio', 'application', 'application/TP-LINK'. */
  readonly media: string;
  readonly port: number;
  /** Upper case: 'RTP/AVP'. */
  readonly protocol: string;
  readonly formats: readonly string[];
  /** Media level a=control, as sent; the first of several. */
  readonly control: string | undefined;
  /** The address of c=, of the section or else of the session, where it is a multicast group. */
  readonly group?: string;
  /** Of the section, or else of the session. */
  readonly direction: Direction | undefined;
  readonly attributes: readonly SdpAttribute[];
}

export interface SdpAttribute {
  /** Lower case. */
  readonly name: string;
  /** Trimmed; '' for a flag. */
  readonly value: string;
}

export const DIRECTIONS = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export function attribute(attributes: readonly SdpAttribute[], name: string): string | undefined {
  return attributes.find((entry) => entry.name === name)?.value;
}
