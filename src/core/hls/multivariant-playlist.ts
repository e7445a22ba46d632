/** The multivariant playlist: one EXT-X-STREAM-INF a variant, with everything that players choose by (RFC 8216 §4.3.4.2, AS 9.1–9.15). */
import { attributes, quoted } from './attributes.ts';

export interface Variant {
  /** Of its media playlist. */
  readonly uri: string;
  /** Every format in it: RFC 6381 strings. */
  readonly codecs: readonly string[];
  /** Pixels as shown. */
  readonly resolution: { readonly width: number; readonly height: number } | undefined;
  /** Frames a second: AVPlayer drops HDR variants that do not say it (AetherEngine#130). */
  readonly frameRate: number | undefined;
  /** Bits a second: of the largest segment, and on average. */
  readonly bandwidth: number;
  readonly averageBandwidth: number | undefined;
}

export function renderMultivariant(variants: readonly Variant[]): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:6'];
  for (const variant of variants) lines.push(`#EXT-X-STREAM-INF:${streamInf(variant)}`, variant.uri);
  return `${lines.join('\n')}\n`;
}

function streamInf(variant: Variant): string {
  const { averageBandwidth, resolution, frameRate } = variant;
  return attributes([
    ['BANDWIDTH', bits(variant.bandwidth)],
    ['AVERAGE-BANDWIDTH', averageBandwidth === undefined ? undefined : bits(averageBandwidth)],
    ['CODECS', quoted(variant.codecs.join(','))],
    ['RESOLUTION', resolution === undefined ? undefined : `${resolution.width}x${resolution.height}`],
    ['FRAME-RATE', frameRate === undefined ? undefined : frameRate.toFixed(3)],
  ]);
}

/** Whole, and never 0: some players take that for "unknown", others divide by it. */
function bits(value: number): string {
  return String(Math.max(1, Math.ceil(value)));
}
