/** A small stream for tests: two tracks, fragments of a few samples, with everything that a fragment can say. */
import type { MuxableParameters } from '../codec/codec-parameters.ts';
import type { InitTrack } from './init-track.ts';
import { box, u16, u32 } from './write/box.ts';
import type { FragmentInput, FragmentSample } from './write/fragment.ts';

const zeros = (count: number): readonly number[] => Array.from({ length: count }, () => 0);

/** SPS and PPS of a 1280x720 High picture, as x264 writes them. */
const AVCC = box(
  'avcC',
  [
    1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 26, 0x67, 0x64, 0, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0, 0, 3,
    0, 0x10, 0, 0, 3, 3, 0x20, 0xf1, 0x83, 0x19, 0x60, 1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0,
  ],
);

const AVC1 = box(
  'avc1',
  zeros(6),
  u16(1),
  zeros(16),
  u16(1280),
  u16(720),
  u32(0x48_0000),
  u32(0x48_0000),
  zeros(4),
  u16(1),
  zeros(32),
  u16(0x18),
  [0xff, 0xff],
  AVCC,
);

/** AAC-LC, 48 kHz, mono. */
const ESDS = box('esds', zeros(4), [3, 25, 0, 0, 0, 4, 17, 0x40, 0x15], zeros(11), [5, 2, 0x11, 0x88, 6, 1, 2]);
const MP4A = box('mp4a', zeros(6), u16(1), zeros(8), u16(1), u16(16), zeros(4), u32(48_000 * 65_536), ESDS);

export const VIDEO: MuxableParameters = {
  codec: 'h264',
  identity: 'video',
  codecString: 'avc1.64001f',
  sampleEntry: AVC1,
  parameterSets: [],
  shape: { media: 'video', width: 1280, height: 720, aspect: [1, 1], frameRate: 25 },
};

export const AUDIO: MuxableParameters = {
  codec: 'aac',
  identity: 'audio',
  codecString: 'mp4a.40.2',
  sampleEntry: MP4A,
  parameterSets: [],
  shape: { media: 'audio', sampleRate: 48_000, channels: 1, samplesPerFrame: 1024 },
};

export const TRACKS: readonly InitTrack[] = [
  { trackId: 1, timescale: 90_000, parameters: VIDEO },
  { trackId: 2, timescale: 48_000, parameters: AUDIO },
];

/** A sample of `size` bytes that all are `value`, in two pieces. */
export function sample(size: number, value: number, more: Partial<FragmentSample> = {}): FragmentSample {
  const bytes = new Uint8Array(size).fill(value);
  const pieces = [bytes.subarray(0, size >> 1), bytes.subarray(size >> 1)];
  return { durationTicks: 3600, compositionOffsetTicks: 0, key: false, pieces, size, ...more };
}

export const audio = (size: number, value: number): FragmentSample =>
  sample(size, value, { durationTicks: 1024, key: true });

/** Near 1.8 × 10^9 seconds in 90 kHz: what `tfdt` holds in a live stream. */
export const UTC_TICKS = 1_795_507_200 * 90_000 + 12_345;

export const FRAGMENTS: Readonly<Record<string, FragmentInput>> = {
  'a key frame and what follows, with audio': {
    sequence: 1,
    tracks: [
      { trackId: 1, baseDecodeTicks: 0, samples: [sample(40, 1, { key: true }), sample(9, 2), sample(9, 3)] },
      { trackId: 2, baseDecodeTicks: 512, samples: [audio(5, 4), audio(6, 5)] },
    ],
  },
  'no key frame, all alike': {
    sequence: 2,
    tracks: [{ trackId: 1, baseDecodeTicks: UTC_TICKS, samples: [sample(7, 1), sample(7, 2)] }],
  },
  'one sample': {
    sequence: 0xffff_ffff,
    tracks: [{ trackId: 1, baseDecodeTicks: 2 ** 53 - 1, samples: [sample(3, 1, { key: true })] }],
  },
  'a key frame in the middle, B-frames, one damaged, last one longer': {
    sequence: 3,
    tracks: [
      {
        trackId: 1,
        baseDecodeTicks: 90_000,
        samples: [
          sample(4, 1, { compositionOffsetTicks: 7200 }),
          sample(30, 2, { key: true, compositionOffsetTicks: 3600 }),
          sample(5, 3, { compositionOffsetTicks: -3600, damaged: true }),
          sample(6, 4, { durationTicks: 9000 }),
        ],
      },
    ],
  },
  'an empty sample, a track without samples': {
    sequence: 4,
    tracks: [
      { trackId: 1, baseDecodeTicks: 1, samples: [] },
      { trackId: 2, baseDecodeTicks: 2, samples: [audio(0, 0), audio(2, 1)] },
    ],
  },
};
