/**
 * The first bytes of an Opus packet (RFC 6716 §3.1, §3.2): how long it plays.
 *
 *     config:5 stereo:1 code:2      code 0: one frame, 1: two of one size, 2: two (length first), 3: | vbr:1 padding:1 frames:6 | …
 */

/** RTP clock, and the rate of all Opus time (RFC 7587 §4.1). */
export const OPUS_RATE = 48000;
/** §3.2.5: 120 ms. */
const MAX_SAMPLES = 5760;
/** By config / 4: SILK in three bandwidths, hybrid in two, CELT in four. */
const SILK = [480, 960, 1920, 2880] as const;
const HYBRID = [480, 960] as const;
const CELT = [120, 240, 480, 960] as const;

/** Samples at 48 kHz that the packet plays; undefined if it is no Opus packet. */
export function opusSamples(packet: Uint8Array): number | undefined {
  const [toc, second] = packet;
  if (toc === undefined) return undefined;
  const frames = framesOf(toc & 3, packet.length, second);
  const samples = frames * frameSamples(toc >> 3);
  return samples > 0 && samples <= MAX_SAMPLES ? samples : undefined;
}

/** 0 if it cannot be. */
function framesOf(code: number, length: number, second: number | undefined): number {
  if (code === 0) return 1;
  // Two frames of one size: what follows the first byte is even.
  if (code === 1) return length % 2 === 1 ? 2 : 0;
  if (second === undefined) return 0;
  return code === 2 ? 2 : second & 63;
}

function frameSamples(config: number): number {
  if (config < 12) return SILK[config & 3] ?? 0;
  if (config < 16) return HYBRID[config & 1] ?? 0;
  return CELT[config & 3] ?? 0;
}
