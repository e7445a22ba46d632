/**
 * A camera's picture without a camera: H.264 access units of a steady bitrate, with real parameter sets, real slice headers and
 * noise for slice data. Nothing decodes it; relays, muxers and recorders do not tell it from a camera's.
 */
const INTERLEAVED_HEADER = 4;
const RTP_HEADER = 12;
const FU_HEADER = 2;
const RTP_CLOCK = 90_000;
const PAYLOAD_LIMIT = 1400;
/** A key frame is as long as that many others. */
const KEY_WEIGHT = 5;

export interface VideoShape {
  readonly sps: string;
  readonly pps: string;
  readonly framesPerSecond: number;
  readonly bitsPerSecond: number;
  readonly framesPerGop: number;
}

/** Parameter sets as libx264 wrote them for these sizes, high profile without B-frames. */
export const FULL_HD: VideoShape = {
  sps: 'Z2QAKKy2A8ARPy4CIAAAAwAgAAAHgeMGXA==',
  pps: 'aOrDyyLA',
  framesPerSecond: 30,
  bitsPerSecond: 4_000_000,
  framesPerGop: 60,
};
export const HD_720P15: VideoShape = {
  sps: 'Z2QAH6y2AoAt2AiAAAADAIAAAA8HjBlw',
  pps: 'aOrDyyLA',
  framesPerSecond: 15,
  bitsPerSecond: 1_000_000,
  framesPerGop: 30,
};

export class SyntheticVideo {
  readonly shape: VideoShape;
  /** Framed packets of each frame of one GOP, numbers and times still to be written. */
  readonly #gop: readonly Buffer[];
  #sequence = 0;
  #frame = 0;

  constructor(shape: VideoShape) {
    this.shape = shape;
    const { framesPerGop, framesPerSecond, bitsPerSecond } = shape;
    const bytesPerGop = (bitsPerSecond / 8) * (framesPerGop / framesPerSecond);
    const share = bytesPerGop / (framesPerGop - 1 + KEY_WEIGHT);
    this.#gop = Array.from({ length: framesPerGop }, (_, index) =>
      index === 0 ? framedPackets([0x65, 0x88, 0x84], share * KEY_WEIGHT) : framedPackets([0x41, 0x9a, 0x3b], share),
    );
  }

  get frameLengths(): readonly number[] {
    return this.#gop.map((frame) => frame.length);
  }

  get sdp(): string {
    const lines = [
      'v=0',
      'o=- 0 0 IN IP4 127.0.0.1',
      's=synthetic',
      'c=IN IP4 0.0.0.0',
      't=0 0',
      'a=control:*',
      'm=video 0 RTP/AVP 96',
      'a=rtpmap:96 H264/90000',
      `a=fmtp:96 packetization-mode=1;sprop-parameter-sets=${this.shape.sps},${this.shape.pps}`,
      'a=control:trackID=0',
    ];
    return `${lines.join('\r\n')}\r\n`;
  }

  /** The next frame, framed for channel 0; the caller's own copy. */
  next(): Buffer {
    const bytes = Buffer.from(this.#gop[this.#frame % this.#gop.length] ?? Buffer.alloc(0));
    const timestamp = Math.round((this.#frame * RTP_CLOCK) / this.shape.framesPerSecond) >>> 0;
    for (let at = 0; at < bytes.length; at += INTERLEAVED_HEADER + bytes.readUInt16BE(at + 2)) {
      bytes.writeUInt16BE(this.#sequence++ & 0xffff, at + INTERLEAVED_HEADER + 2);
      bytes.writeUInt32BE(timestamp, at + INTERLEAVED_HEADER + 4);
    }
    this.#frame++;
    return bytes;
  }
}

/** One NAL unit as FU-A packets (RFC 6184 §5.8), framed for channel 0 (RFC 2326 §10.12). */
function framedPackets(head: readonly [number, number, number], length: number): Buffer {
  const body = noise(Math.round(length));
  body.set(head.slice(1), 0);
  const nal = head[0];
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; at += PAYLOAD_LIMIT) {
    const slice = body.subarray(at, at + PAYLOAD_LIMIT);
    const first = at === 0;
    const last = at + PAYLOAD_LIMIT >= body.length;
    const packet = Buffer.alloc(INTERLEAVED_HEADER + RTP_HEADER + FU_HEADER + slice.length);
    packet[0] = 0x24;
    packet.writeUInt16BE(packet.length - INTERLEAVED_HEADER, 2);
    packet[4] = 0x80;
    packet[5] = (last ? 0x80 : 0) | 96;
    packet.writeUInt32BE(0x5eed5eed, 12);
    packet[16] = (nal & 0x60) | 28;
    packet[17] = (first ? 0x80 : 0) | (last ? 0x40 : 0) | (nal & 0x1f);
    slice.copy(packet, INTERLEAVED_HEADER + RTP_HEADER + FU_HEADER);
    pieces.push(packet);
  }
  return Buffer.concat(pieces);
}

/** Bytes without zeros, so that no start code appears in them. */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = 1; i < length; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    bytes[i] = (x >> 16) | 1;
  }
  return bytes;
}
