/**
 * RTP payloads of MPEG audio into frames (RFC 2250 §3.5): several whole frames a packet, or one frame over several packets.
 *
 *     zeros:u16 offset:u16 | frame frame …      or a piece of one frame, which begins at `offset` of it
 */
import type { AccessUnit } from '../access-unit.ts';
import { AudioUnits, ticksOfSamples } from '../audio/audio-units.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseMpegAudioHeader } from './frame-header.ts';
import type { MpegAudioHeader } from './frame-header.ts';
import { mp3ParametersOf } from './mp3-parameters.ts';

export const MPA_HEAD_BYTES = 4;

interface OpenFrame {
  readonly ticks: number;
  readonly size: number;
  readonly pieces: Uint8Array[];
  bytes: number;
}

export class Mp3Depacketizer implements Depacketizer {
  readonly #clockRate: number;
  readonly #units = new AudioUnits();
  #parameters: CodecParameters | undefined;
  #open: OpenFrame | undefined;

  constructor(format: TrackFormat) {
    this.#clockRate = format.clockRate;
    this.#parameters = format.parameters;
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const { payload, ticks, lostBefore } = packet;
    if (this.#open !== undefined && (lostBefore > 0 || this.#open.ticks !== ticks)) this.#dropOpen();
    const offset = ((payload[2] ?? 0) << 8) | (payload[3] ?? 0);
    const content = payload.subarray(MPA_HEAD_BYTES);
    if (content.length === 0) this.#units.count('unit-empty');
    else if (offset > 0) this.#takePiece(content, offset);
    else this.#takeFrames(content, ticks);
    return this.#units.take();
  }

  flush(): readonly AccessUnit[] {
    this.#dropOpen();
    return this.#units.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#units.dropped;
  }

  #takeFrames(content: Uint8Array, ticks: number): void {
    this.#dropOpen();
    let later = 0;
    for (let at = 0; at < content.length;) {
      const header = parseMpegAudioHeader(content, at);
      if (header === undefined) return this.#units.count('unit-junk');
      this.#learn(header);
      const piece = content.subarray(at, at + header.frameBytes);
      if (piece.length < header.frameBytes) {
        // Only a frame that is alone in its packet goes on in the next one.
        if (at > 0) return this.#units.count('unit-cut');
        this.#open = { ticks, size: header.frameBytes, pieces: [piece], bytes: piece.length };
        return;
      }
      this.#units.emit(ticks + Math.round(later), [piece], this.#parameters);
      later += ticksOfSamples(header.samplesPerFrame, this.#clockRate, header.sampleRate);
      at += header.frameBytes;
    }
  }

  #takePiece(piece: Uint8Array, offset: number): void {
    const open = this.#open;
    if (open === undefined || offset !== open.bytes || offset + piece.length > open.size) {
      this.#open = undefined;
      return this.#units.count('unit-cut');
    }
    open.pieces.push(piece);
    open.bytes += piece.length;
    if (open.bytes < open.size) return;
    this.#open = undefined;
    this.#units.emit(open.ticks, open.pieces, this.#parameters);
  }

  #learn(header: MpegAudioHeader): void {
    const { sampleRate, channels, layer } = header;
    if (this.#parameters?.identity === `mp${layer}/${sampleRate}/${channels}`) return;
    this.#parameters = mp3ParametersOf(header);
  }

  #dropOpen(): void {
    if (this.#open !== undefined) this.#units.count('unit-cut');
    this.#open = undefined;
  }
}
