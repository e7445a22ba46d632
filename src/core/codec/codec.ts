/** One row of the codec registry: everything that muxers, SDP and the relay ask of a codec. A codec is a folder and a row. */
import type { AccessUnit } from './access-unit.ts';
import type { CodecName, CodecParameters } from './codec-parameters.ts';
import type { TrackFormat } from './track-format.ts';
import type { RtpExtension } from '../rtp/packet.ts';

export interface Codec {
  readonly name: CodecName;
  readonly media: 'video' | 'audio';
  /** It goes into the timeline (HLS, recordings) as it is: MP4 holds it and players know it. Otherwise it is only relayed. */
  readonly timeline: boolean;
  /** rtpmap encoding names, upper case. */
  readonly encodings: readonly string[];
  /** The set-up that SDP's fmtp gives; undefined if it gives none or junk (it is then learnt in-band). Never throws. */
  parametersFromFmtp(format: Omit<TrackFormat, 'parameters'>): CodecParameters | undefined;
  /** The set-up that a whole sample entry box of an MP4 gives (inverse of `CodecParameters.sampleEntry`); undefined if unusable. Never throws. */
  parametersFromSampleEntry(entry: Uint8Array): CodecParameters | undefined;
  /**
   * The fmtp that we serve: complete, strict, packetization-mode=1 for H.264. `said`: what the source's fmtp says of packets that are relayed as
   * they come, which then counts for how they are packed (AU sizes of AAC); without it, how our packetizer does.
   */
  fmtpOf(parameters: CodecParameters, said?: ReadonlyMap<string, string>): ReadonlyMap<string, string>;
  /** How our packetizer's packets are announced, where it is not the first of `encodings` at 90 kHz (video) or the sample rate (audio). */
  rtpmapOf?(parameters: CodecParameters): Pick<TrackFormat, 'encoding' | 'clockRate' | 'channels'>;
  /** What of an MP4 sample (its NAL units; of other codecs the whole of it) belongs into an access unit; undefined: nothing. Never throws. */
  contentOf(sample: readonly Uint8Array[]): { readonly data: readonly Uint8Array[]; readonly key: boolean } | undefined;
  /** Present if a sample is NAL units behind lengths: how long such a length is under this sample entry; undefined if it is not this codec's. */
  nalLengthBytes?(entry: Uint8Array): 1 | 2 | 3 | 4 | undefined;
  /** Looks at one RTP payload without unpacking it: what the relay must know of every packet. */
  peek(payload: Uint8Array): Peek;
  depacketizer(format: TrackFormat): Depacketizer;
  packetizer(format: TrackFormat, payloadLimit: number): Packetizer;
  /**
   * Payloads of at most `limit` bytes that mean what `payload` does; it alone if it fits or cannot be cut. Absent: this codec's payloads are not
   * cut, large ones travel as IP fragments. Never throws.
   */
  split?(payload: Uint8Array, limit: number): readonly Uint8Array[];
}

/** What a payload begins or holds. */
export interface Peek {
  /**
   * It holds the first bytes of a slice of a random access picture (IDR, CRA, BLA), or the whole of it. Every slice of the picture says so
   * (Reolink P330 marks none as the first, mtx#5071): the first of one timestamp is where the picture begins. Audio: false.
   */
  readonly key: boolean;
  /** It holds a parameter set. */
  readonly parameterSets: boolean;
}

export interface RtpPayload {
  /** View of frozen bytes: kept by reference. */
  readonly payload: Uint8Array;
  readonly marker: boolean;
  /** RTP timestamp, unwrapped. */
  readonly ticks: number;
  /** Packets lost directly before this one. */
  readonly lostBefore: number;
  /** What the packet's header has beyond its fixed part; copied by who keeps it. */
  readonly extension?: RtpExtension;
}

/** RTP payloads in, access units out. Holds at most one unfinished unit, its bytes bounded by MAX_ACCESS_UNIT_BYTES. Never throws. */
export interface Depacketizer {
  /** Takes the next packet of the track, in order; returns what it completes. */
  push(packet: RtpPayload): readonly AccessUnit[];
  /** Returns what is complete but waiting for its successor (end of source). */
  flush(): readonly AccessUnit[];
  /** Set-up learnt so far (from SDP, then in-band). */
  readonly parameters: CodecParameters | undefined;
  /** Units and bytes thrown away, by cause; read when metrics are scraped. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** Access units in, RTP payloads out (without the RTP header), each at most `payloadLimit` bytes. */
export interface Packetizer {
  /** A unit that cannot be cut and does not fit has none. */
  packetize(unit: AccessUnit): readonly PackedPayload[];
}

export interface PackedPayload {
  readonly payload: Uint8Array;
  readonly marker: boolean;
  /** By how many ticks its RTP timestamp is after the unit's; absent: 0. Audio that may be cut anywhere has times of its own in each packet. */
  readonly ticksLater?: number;
}

/** Above it an access unit is dropped and counted. 8 MB: a 4K intra frame at 100 Mb/s and 15 fps is 0.9 MB. */
export const MAX_ACCESS_UNIT_BYTES = 8 * 1024 * 1024;
