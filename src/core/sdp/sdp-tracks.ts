/** The tracks that a session description offers: each media section as a format, or the reason why it cannot be used. */
import type { MediaKind, TrackFormat } from '../codec/track-format.ts';
import { attribute } from './session-description.ts';
import type { MediaSection, SessionDescription } from './session-description.ts';
import { STATIC_PAYLOAD_TYPES } from './static-payload-types.ts';

export interface SdpTrack {
  /** Index of its media section. */
  readonly section: number;
  /** a=control as sent: join it with `controlUrl`. */
  readonly control: string | undefined;
  readonly format: Omit<TrackFormat, 'parameters'>;
  /** It is for media from us to the device: asking for it breaks doorbells (g2r#247, fri#5020). */
  readonly backChannel: boolean;
}

export interface UnusableSection {
  readonly section: number;
  readonly media: string;
  /** Half a sentence. */
  readonly reason: string;
}

/** Sections in their order, split into what can be used and what cannot. */
export function sdpTracks(description: SessionDescription): {
  readonly tracks: readonly SdpTrack[];
  readonly unusable: readonly UnusableSection[];
} {
  const tracks: SdpTrack[] = [];
  const unusable: UnusableSection[] = [];
  for (const [section, media] of description.media.entries()) {
    const format = formatOf(media);
    if (typeof format === 'string') unusable.push({ section, media: media.media, reason: format });
    else tracks.push({ section, control: media.control, format, backChannel: media.direction === 'sendonly' });
  }
  // A device that marks everything means none of it (mtx#5074).
  const marked = tracks.every((track) => track.backChannel);
  return { tracks: marked ? tracks.map((track) => ({ ...track, backChannel: false })) : tracks, unusable };
}

const MEDIA_KINDS: ReadonlyMap<string, MediaKind> = new Map([
  ['video', 'video'],
  ['audio', 'audio'],
  ['application', 'application'],
]);

function formatOf(section: MediaSection): Omit<TrackFormat, 'parameters'> | string {
  const media = MEDIA_KINDS.get(section.media.toLowerCase());
  if (media === undefined) return `its media type is ${JSON.stringify(section.media)}`;
  if (!section.protocol.startsWith('RTP/')) return `its protocol is ${JSON.stringify(section.protocol)}, not RTP`;
  const payloadTypes = section.formats.filter((format) => /^\d{1,3}$/.test(format) && Number(format) < 128).map(Number);
  for (const payloadType of payloadTypes) {
    const encoding = encodingOf(section, payloadType, media);
    if (encoding === undefined) continue;
    const frameSize = frameSizeOf(section, payloadType);
    const fmtp = fmtpOf(section, payloadType);
    return { media, ...encoding, payloadType, fmtp, ...(frameSize !== undefined && { frameSize }) };
  }
  return payloadTypes.length === 0 ? 'it names no RTP payload type' : 'its encoding is not named';
}

/** rtpmap wins over the static table (Anpviz, GW); one without a clock, or with clock 0 (mtx#4476), gets the usual one. */
function encodingOf(section: MediaSection, payloadType: number, media: MediaKind): Encoding | undefined {
  const known = STATIC_PAYLOAD_TYPES.get(payloadType);
  const mapped = parseRtpmap(valueFor(section, 'rtpmap', payloadType, known === undefined));
  if (mapped === undefined) return known;
  const clockRate = mapped.clockRate === 0 ? usualClock(mapped.encoding, known, media) : mapped.clockRate;
  return { ...mapped, clockRate };
}

type Encoding = Pick<TrackFormat, 'encoding' | 'clockRate' | 'channels'>;

/** `H264/90000`, `MPEG4-GENERIC/48000/2`. */
function parseRtpmap(value: string | undefined): Encoding | undefined {
  const match = /^([^/\s]+)(?:\s*\/\s*(\d{1,9})?(?:\s*\/\s*(\d{1,3}))?)?/.exec(value ?? '');
  if (match === null) return undefined;
  const [, encoding = '', clock, channels] = match;
  const format = { encoding: encoding.toUpperCase(), clockRate: Number(clock ?? 0) };
  return Number(channels ?? 0) > 0 ? { ...format, channels: Number(channels) } : format;
}

function usualClock(encoding: string, known: Encoding | undefined, media: MediaKind): number {
  if (known?.encoding === encoding) return known.clockRate;
  for (const row of STATIC_PAYLOAD_TYPES.values()) if (row.encoding === encoding) return row.clockRate;
  return media === 'audio' ? 8000 : 90_000;
}

/** `profile-level-id=1; mode=AAC-hbr;SizeLength=13`: names in lower case, the first of a name counts, values may hold '='. */
function fmtpOf(section: MediaSection, payloadType: number): ReadonlyMap<string, string> {
  const fmtp = new Map<string, string>();
  for (const part of (valueFor(section, 'fmtp', payloadType, true) ?? '').split(';')) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '' && !fmtp.has(name)) fmtp.set(name, equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return fmtp;
}

/** `a=framesize:26 2560-1440` (RFC 6064 §6.2), `a=x-dimensions:2560,1440`. */
function frameSizeOf(section: MediaSection, payloadType: number): TrackFormat['frameSize'] {
  const text = valueFor(section, 'framesize', payloadType, true) ?? attribute(section.attributes, 'x-dimensions');
  const match = /^\s*(\d{1,5})\s*[-,x]\s*(\d{1,5})/.exec(text ?? '');
  const [width, height] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** The rest of `a=rtpmap:96 …`. `single`: where only one is there, it counts though it names another payload type. */
function valueFor(section: MediaSection, name: string, payloadType: number, single: boolean): string | undefined {
  const rows = section.attributes
    .filter((entry) => entry.name === name)
    .map((entry) => /^(\d{1,3})\s*(.*)$/s.exec(entry.value))
    .filter((match) => match !== null);
  const row =
    rows.find((match) => Number(match[1]) === payloadType) ?? (single && rows.length === 1 ? rows[0] : undefined);
  return row?.[2];
}
