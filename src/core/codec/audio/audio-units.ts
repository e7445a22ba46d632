/** What a depacketizer of audio puts out: frames as access units whose times ascend, and what was thrown away, by cause. */
import { byteLengthOf } from '../access-unit.ts';
import type { AccessUnit, Pieces } from '../access-unit.ts';
import type { CodecParameters } from '../codec-parameters.ts';

/** Above it a frame of audio is junk: one of AAC with 48 channels at the highest rate has 36 KB. */
export const MAX_AUDIO_UNIT_BYTES = 65536;

const NONE: readonly AccessUnit[] = [];

export class AudioUnits {
  readonly dropped: Record<string, number> = {};
  #lastTicks = Number.NEGATIVE_INFINITY;
  #ready: AccessUnit[] = [];

  /** A frame, kept by reference. One whose time does not ascend is put directly after the one before it. */
  emit(ticks: number, frame: Pieces, parameters: CodecParameters | undefined): void {
    const byteLength = byteLengthOf(frame);
    if (byteLength === 0) return this.count('unit-empty');
    if (parameters === undefined) return this.count('unit-without-config');
    const ptsTicks = Math.max(ticks, this.#lastTicks + 1);
    this.#lastTicks = ptsTicks;
    this.#ready.push({
      ptsTicks,
      dtsTicks: ptsTicks,
      key: true,
      damaged: false,
      data: [frame],
      byteLength,
      parameters,
    });
  }

  count(cause: string): void {
    this.dropped[cause] = (this.dropped[cause] ?? 0) + 1;
  }

  /** What was emitted since the last call. */
  take(): readonly AccessUnit[] {
    if (this.#ready.length === 0) return NONE;
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}

/** How many ticks of a clock so many samples last, not rounded. */
export function ticksOfSamples(samples: number, clockRate: number, sampleRate: number): number {
  return (samples * clockRate) / sampleRate;
}

/** The set-up with another length of frames; the same object if that is its length. The identity stays: a decoder needs no other set-up. */
export function withSamplesPerFrame(parameters: CodecParameters, samplesPerFrame: number): CodecParameters {
  const { shape } = parameters;
  if (shape.media !== 'audio' || shape.samplesPerFrame === samplesPerFrame) return parameters;
  return { ...parameters, shape: { ...shape, samplesPerFrame } };
}

/** `contentOf` of the codecs whose MP4 sample is the frame itself. */
export function wholeFrame(
  sample: readonly Uint8Array[],
): { readonly data: readonly Uint8Array[]; readonly key: boolean } | undefined {
  const [frame] = sample;
  return frame === undefined || frame.length === 0 ? undefined : { data: [frame], key: true };
}
