/**
 * RTP payloads of MPEG audio into frames (RFC 2250 §3.5): several whole frames a packet, or one frame over several packets.
 *
 *     zeros:u16 offset:u16 | frame frame …      or a piece of one frame, which begins at `offset` of it
 */
import type { AccessUnit } from '../access-unit.ts';
import { AudioUnits, ticksOfSamples } from '../audio/audio-units.ts';
import { FrameInPieces } from '../audio/frame-in-pieces.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import type { TrackFormat } from '../track-format.ts';
import { parseMpegAudioHeader } from './frame-header.ts';
import type { MpegAudioHeader } from './frame-header.ts';
import { mp3ParametersOf } from './mp3-parameters.ts';

export const MPA_HEAD_BYTES = 4;

export class Mp3Depacketizer implements Depacketizer {
  readonly #clockRate: number;
  readonly #units = new AudioUnits();
  #parameters: CodecParameters | undefined;
  readonly #open = new FrameInPieces(this.#units);

  constructor(format: TrackFormat) {
    this.#clockRate = format.clockRate;
    this.#parameters = format.parameters;
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const { payload, ticks, lostBefore } = packet;
    this.#open.meet(ticks, lostBefore);
    const offset = ((payload[2] ?? 0) << 8) | (payload[3] ?? 0);
    const content = payload.subarray(MPA_HEAD_BYTES);
    if (content.length === 0) this.#units.count('unit-empty');
    else if (offset > 0) this.#open.add(content, this.#parameters, offset);
    else this.#takeFrames(content, ticks);
    return this.#units.take();
  }

  flush(): readonly AccessUnit[] {
    this.#open.drop();
    return this.#units.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#units.dropped;
  }

  #takeFrames(content: Uint8Array, ticks: number): void {
    this.#open.drop();
    let later = 0;
    for (let at = 0; at < content.length;) {
      const header = parseMpegAudioHeader(content, at);
      if (header === undefined) return this.#units.count('unit-junk');
      this.#learn(header);
      const piece = content.subarray(at, at + header.frameBytes);
      if (piece.length < header.frameBytes) {
        // Only a frame that is alone in its packet goes on in the next one.
        if (at > 0) return this.#units.count('unit-cut');
        return this.#open.begin(ticks, header.frameBytes, piece);
      }
      this.#units.emit(ticks + Math.round(later), [piece], this.#parameters);
      later += ticksOfSamples(header.samplesPerFrame, this.#clockRate, header.sampleRate);
      at += header.frameBytes;
    }
  }

  #learn(header: MpegAudioHeader): void {
    const { sampleRate, channels, layer } = header;
    if (this.#parameters?.identity === `mp${layer}/${sampleRate}/${channels}`) return;
    this.#parameters = mp3ParametersOf(header);
  }
}
