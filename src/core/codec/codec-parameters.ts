/** The decoder's set-up of one track, in the forms that SDP, MP4 and HLS need. A value; equal `identity` means: same set-up. */
export interface CodecParameters {
  readonly codec: CodecName;
  /** Text that is equal exactly if the decoded meaning is (parameter sets that toggle without meaning do not change it). */
  readonly identity: string;
  /** RFC 6381, taken from the parameter sets: 'avc1.64001f', 'hvc1.1.6.L93.B0', 'mp4a.40.2'. */
  readonly codecString: string;
  /** The whole sample entry box ('avc1', 'hvc1', 'mp4a') with its configuration box: ISO 14496-12 §8.5.2, -15, -14. */
  readonly sampleEntry: Uint8Array;
  /** Parameter sets in the order in which they are sent before a key frame (VPS, SPS, PPS); empty for audio. */
  readonly parameterSets: readonly Uint8Array[];
  readonly shape: VideoShape | AudioShape;
  /** Audio: a frame in which nothing is to be heard, where one is known. */
  readonly silence?: Uint8Array;
}

export type CodecName = 'h264' | 'h265' | 'aac';

export interface VideoShape {
  readonly media: 'video';
  /** Pixels after cropping, as coded. */
  readonly width: number;
  readonly height: number;
  /** Sample aspect ratio from the VUI; 1:1 if it does not say. */
  readonly aspect: readonly [number, number];
  /** Frames a second if the VUI says so. */
  readonly frameRate: number | undefined;
}

export interface AudioShape {
  readonly media: 'audio';
  readonly sampleRate: number;
  readonly channels: number;
  /** Audio samples in one frame: 1024 for AAC-LC. */
  readonly samplesPerFrame: number;
}
