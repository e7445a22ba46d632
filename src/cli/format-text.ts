/** A track in a few words: `video  H.264 High 3.1, 1280x720`, `audio  AAC-LC, 48 kHz, stereo`. */
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';

export function formatText(format: TrackFormat): string {
  const { media, parameters } = format;
  const what = parameters === undefined ? plainName(format) : [codecText(parameters), shapeText(parameters)].join(', ');
  return `${media.padEnd(5)}  ${what}`;
}

/** `H.264 High 3.1`; the bare name where the set-up says no more. */
export function codecText({ codec, codecString }: CodecParameters): string {
  const name = NAMES[codec];
  const profile = profileText(codecString);
  return profile === undefined ? name : `${name} ${profile}`;
}

/** Profile and level in words, of an RFC 6381 codec string; undefined where it names none that we know. */
export function profileText(codecString: string | undefined): string | undefined {
  const [kind = '', first = '', second = '', third = ''] = (codecString ?? '').split('.');
  if (kind === 'avc1' || kind === 'avc3') return avcProfile(first);
  if (kind === 'hvc1' || kind === 'hev1') return hevcProfile(first, third);
  if (kind === 'mp4a' && first === '40') return AAC_OBJECTS[second];
  return undefined;
}

const NAMES: Readonly<Record<CodecParameters['codec'], string>> = {
  h264: 'H.264',
  h265: 'H.265',
  av1: 'AV1',
  vp8: 'VP8',
  vp9: 'VP9',
  mpeg4: 'MPEG-4 part 2',
  mjpeg: 'Motion JPEG',
  aac: 'AAC',
  opus: 'Opus',
  pcmu: 'G.711 µ-law',
  pcma: 'G.711 A-law',
  g722: 'G.722',
  g726: 'G.726',
  l16: 'linear 16 bit',
  l24: 'linear 24 bit',
  mp3: 'MP3',
  ac3: 'AC-3',
};

const AVC_PROFILES: Readonly<Record<number, string>> = {
  66: 'Baseline',
  77: 'Main',
  88: 'Extended',
  100: 'High',
  110: 'High 10',
  122: 'High 4:2:2',
  244: 'High 4:4:4',
};

/** Of 'avc1.PPCCLL': profile, constraints, level, in hexadecimal. */
function avcProfile(digits: string): string | undefined {
  const match = /^([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(digits);
  if (match === null) return undefined;
  const [profile, constraints, level] = match.slice(1).map((pair) => Number.parseInt(pair, 16));
  const constrained = profile === 66 && ((constraints ?? 0) & 0x40) !== 0 ? 'Constrained ' : '';
  const name = AVC_PROFILES[profile ?? 0] ?? `profile ${profile}`;
  return `${constrained}${name} ${((level ?? 0) / 10).toFixed(1)}`;
}

const HEVC_PROFILES: Readonly<Record<string, string>> = { 1: 'Main', 2: 'Main 10', 3: 'Main Still Picture' };

/** Of 'hvc1.P.C.TLLL.…': profile, tier and 30 times the level. */
function hevcProfile(profile: string, level: string): string | undefined {
  const number = Number(/^[LH](\d+)$/.exec(level)?.[1] ?? 0);
  if (number === 0) return undefined;
  const name = HEVC_PROFILES[profile] ?? `profile ${profile}`;
  return `${name} ${(number / 30).toFixed(1)}${level.startsWith('H') ? ' high tier' : ''}`;
}

const AAC_OBJECTS: Readonly<Record<string, string>> = { 1: 'Main', 2: 'LC', 5: 'HE', 29: 'HE v2' };

function shapeText({ shape }: CodecParameters): string {
  if (shape.media === 'video') return `${shape.width}x${shape.height}`;
  const channels = ['', 'mono', 'stereo'][shape.channels] ?? `${shape.channels} channels`;
  return `${shape.sampleRate / 1000} kHz, ${channels}`;
}

function plainName({ encoding, clockRate }: TrackFormat): string {
  return `${encoding}, clock ${clockRate} Hz`;
}
