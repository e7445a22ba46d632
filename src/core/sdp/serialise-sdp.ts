/**
 * The session description that we serve (RFC 8866, RFC 2326 appendix C), strict: v=, o=, s=, c=, t= in order, rtpmap, fmtp and control in
 * every section. Players need it so: Media3 refuses a track without fmtp (crumb#596), MediaMTX FU-A without packetization-mode=1
 * (mtx#5846).
 */
import { codecFor } from '../codec/registry.ts';
import type { TrackFormat } from '../codec/track-format.ts';
import { serialiseRange, type RtspRange } from '../rtsp/wire/range.ts';

export interface ServedDescription {
  /** Numbers that name this description; the version grows with each change of it. */
  readonly id: number;
  readonly version: number;
  /** Of the stream. */
  readonly name: string;
  /** Of the server, numeric. */
  readonly address: string;
  readonly range: RtspRange | undefined;
  readonly tracks: readonly ServedTrack[];
}

export interface ServedTrack {
  readonly format: TrackFormat;
  /** 'trackID=0', relative to the Content-Base. */
  readonly control: string;
}

export function serialiseSdp(description: ServedDescription): string {
  const { id, version, name, address, range, tracks } = description;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const lines = [
    'v=0',
    `o=- ${id} ${version} IN ${family} ${address}`,
    `s=${name.trim() === '' ? '-' : oneLine(name)}`,
    family === 'IP6' ? 'c=IN IP6 ::' : 'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    ...(range === undefined ? [] : [`a=range:${serialiseRange(range)}`]),
    ...tracks.flatMap(trackLines),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

function trackLines({ format, control }: ServedTrack): string[] {
  const { media, encoding, clockRate, channels, payloadType } = format;
  const fmtp = servedFmtp(format);
  const suffix = media === 'audio' && channels !== undefined ? `/${channels}` : '';
  return [
    `m=${media} 0 RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${servedEncoding(encoding)}/${clockRate}${suffix}`,
    ...(fmtp.length === 0 ? [] : [`a=fmtp:${payloadType} ${fmtp.join(';')}`]),
    ...frameSizeLines(format),
    `a=control:${control}`,
  ];
}

function servedEncoding(encoding: string): string {
  return REGISTERED_NAMES.get(encoding) ?? encoding;
}

/**
 * H.265 has one name (RFC 7798 §7.1); FFmpeg and GStreamer do not know the other that devices give it. ONVIF's are written small (Streaming
 * Specification §5.2.1.1); upper and lower case mean the same (RFC 4855 §3), but not every reader knows that.
 */
const REGISTERED_NAMES: ReadonlyMap<string, string> = new Map([
  ['HEVC', 'H265'],
  ['VND.ONVIF.METADATA', 'vnd.onvif.metadata'],
  ['VND.ONVIF.METADATA.GZIP', 'vnd.onvif.metadata.gzip'],
  ['VND.ONVIF.METADATA.EXI.ONVIF', 'vnd.onvif.metadata.exi.onvif'],
  ['VND.ONVIF.METADATA.EXI.EXT', 'vnd.onvif.metadata.exi.ext'],
]);

/** The codec's own where the set-up is known, and otherwise as the source gave it. */
function servedFmtp(format: TrackFormat): string[] {
  const { parameters, encoding } = format;
  const codec = codecFor(encoding);
  const fmtp = new Map(
    parameters === undefined || codec === undefined ? format.fmtp : codec.fmtpOf(parameters, format.fmtp),
  );
  if (encoding === 'H264') fmtp.set('packetization-mode', '1');
  return [...fmtp].map(([name, value]) => (value === '' ? name : `${name}=${oneLine(value)}`));
}

/** Of a JPEG that is larger than its header can say (RFC 2435 §3.1.5, RFC 6064 §6.2). */
function frameSizeLines({ encoding, payloadType, parameters, frameSize }: TrackFormat): string[] {
  if (encoding !== 'JPEG') return [];
  const { width, height } = parameters?.shape.media === 'video' ? parameters.shape : (frameSize ?? NO_SIZE);
  return Math.max(width, height) <= MAX_JPEG_SIDE ? [] : [`a=framesize:${payloadType} ${width}-${height}`];
}

const MAX_JPEG_SIDE = 2040;
const NO_SIZE = { width: 0, height: 0 };

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
