/**
 * Reads a session description line by line: what cannot be read is skipped, whatever the order. Devices leave v=, o= and s= out,
 * cut c= short, write decimals into o= and bytes that are no UTF-8 (gsl#448, #439, #455; g2r#1426; mtx#5033; ret#52).
 *
 *     v=0 CRLF  o=… CRLF  s=… CRLF  a=control:* CRLF
 *     m=video 0 RTP/AVP 96 CRLF  a=rtpmap:96 H264/90000 CRLF …
 */
import { WeirError } from '../errors.ts';
import { isMulticast } from './multicast-address.ts';
import {
  DIRECTIONS,
  type Direction,
  type MediaSection,
  type SdpAttribute,
  type SessionDescription,
} from './session-description.ts';

/** Later bytes are not looked at: a real one has a few thousand, and it is read before anybody has logged in. */
export const MAX_SDP_BYTES = 64 * 1024;
/** Later sections are not looked at. */
export const MAX_MEDIA_SECTIONS = 32;
/** A section; later attributes are not looked at. */
export const MAX_ATTRIBUTES = 256;
/** A section; later payload types are not looked at. */
export const MAX_FORMATS = 16;

/** Error: `sdp-invalid` if there is no media section. */
export function parseSdp(bytes: Uint8Array): SessionDescription | WeirError {
  let name: string | undefined;
  const session: SdpAttribute[] = [];
  let group: string | undefined;
  const sections: { readonly line: MediaLine; readonly attributes: SdpAttribute[]; group?: string }[] = [];
  for (const line of new TextDecoder().decode(bytes.subarray(0, MAX_SDP_BYTES)).split(/\r\n|\n|\r/)) {
    const match = /^\s*([a-z])\s*=(.*)$/i.exec(line);
    if (match === null) continue;
    const [, type = '', value = ''] = match;
    if (type === 's') name ??= value.trim();
    if (type === 'm') {
      if (sections.length === MAX_MEDIA_SECTIONS) break;
      sections.push({ line: parseMediaLine(value), attributes: [] });
    }
    const named = type === 'c' ? groupOf(value) : undefined;
    const section = sections.at(-1);
    if (named !== undefined && section === undefined) group ??= named;
    else if (named !== undefined && section !== undefined) section.group ??= named;
    const attributes = sections.at(-1)?.attributes ?? session;
    if (type === 'a' && attributes.length < MAX_ATTRIBUTES) attributes.push(parseAttribute(value));
  }
  if (sections.length === 0) {
    return new WeirError('sdp-invalid', 'The session description has no media section', {
      expected: 'a line m=video …',
    });
  }
  const inherited = directionOf(session);
  const media = sections.map(({ line, attributes, group: own }): MediaSection => {
    const direction = directionOf(attributes) ?? inherited;
    const joined = own ?? group;
    return {
      ...line,
      control: controlOf(attributes),
      ...(joined !== undefined && { group: joined }),
      direction,
      attributes,
    };
  });
  return { name, control: controlOf(session), attributes: session, media };
}

type MediaLine = Pick<MediaSection, 'media' | 'port' | 'protocol' | 'formats'>;

/** `video 0 RTP/AVP 96`; also `video 0 RTP/AVP96` (gsl#271). */
function parseMediaLine(value: string): MediaLine {
  const [media = '', port = '', protocol = '', ...formats] = value.trim().split(/\s+/);
  const glued = /^(RTP\/S?AVPF?)(\d{1,3})$/i.exec(protocol);
  return {
    media,
    port: Number.parseInt(port, 10) || 0,
    protocol: (glued?.[1] ?? protocol).toUpperCase(),
    formats: (glued?.[2] === undefined ? formats : [glued[2], ...formats]).slice(0, MAX_FORMATS),
  };
}

/** `IN IP4 239.1.2.3/15`, `IN IP6 ff02::1`: the address, where it is a group. */
function groupOf(value: string): string | undefined {
  const address = value.trim().split(/[\s/]+/)[2];
  return address !== undefined && isMulticast(address) ? address : undefined;
}

function parseAttribute(value: string): SdpAttribute {
  const colon = value.indexOf(':');
  if (colon < 0) return { name: value.trim().toLowerCase(), value: '' };
  return { name: value.slice(0, colon).trim().toLowerCase(), value: value.slice(colon + 1).trim() };
}

function controlOf(attributes: readonly SdpAttribute[]): string | undefined {
  return attributes.find(({ name, value }) => name === 'control' && value !== '')?.value;
}

function directionOf(attributes: readonly SdpAttribute[]): Direction | undefined {
  return DIRECTIONS.find((direction) => attributes.some(({ name }) => name === direction));
}
