/** The decoder's set-up of one track, in the forms that SDP, MP4 and HLS need. A value; equal `identity` means: same set-up. */
export interface CodecParameters {
  readonly codec: CodecName;
  /** Text that is equal exactly if the decoded meaning is (parameter sets that toggle without meaning do not change it). */
  readonly identity: string;
  /** RFC 6381, taken from the parameter sets: 'avc1.64001f', 'hvc1.1.6.L93.B0', 'mp4a.40.2'; undefined: it has no name there. */
  readonly codecString: string | undefined;
  /**
   * The whole sample entry box ('avc1', 'hvc1', 'mp4a') with its configuration box: ISO 14496-12 §8.5.2, -15, -14; undefined: we do not put
   * this codec into MP4.
   */
  readonly sampleEntry: Uint8Array | undefined;
  /** Parameter sets in the order in which they are sent before a key frame (VPS, SPS, PPS); empty for audio and for video without any. */
  readonly parameterSets: readonly Uint8Array[];
  readonly shape: VideoShape | AudioShape;
  /** Audio: a frame in which nothing is to be heard, where one is known. */
  readonly silence?: Uint8Array;
}

/** A set-up that MP4 can hold. */
export interface MuxableParameters extends CodecParameters {
  readonly sampleEntry: Uint8Array;
}

export function isMuxable(parameters: CodecParameters): parameters is MuxableParameters {
  return parameters.sampleEntry !== undefined;
}

export type CodecName =
  | 'h264'
  | 'h265'
  | 'av1'
  | 'vp8'
  | 'vp9'
  | 'mpeg4'
  | 'mjpeg'
  | 'aac'
  | 'opus'
  | 'pcmu'
  | 'pcma'
  | 'g722'
  | 'g726'
  | 'l16'
  | 'l24'
  | 'mp3'
  | 'ac3';

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
  /** Audio samples of one channel in one frame: 1024 for AAC-LC. Where units differ in it (Opus, G.711), each unit's parameters say its own. */
  readonly samplesPerFrame: number;
  /** Codecs that are samples one after the other (G.711, G.726, linear): how many bits one has as coded. */
  readonly bitsPerSample?: number;
}
