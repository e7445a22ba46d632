/** profile_tier_level( 1, maxSubLayersMinus1 ) (H.265 §7.3.3): what the codec string and hvcC say. */
import type { BitReader } from '../../bytes/bit-reader.ts';

export interface ProfileTierLevel {
  readonly profileSpace: number;
  readonly highTier: boolean;
  readonly profile: number;
  /** 32 bits, the first flag highest. */
  readonly compatibility: number;
  /** Six bytes. */
  readonly constraints: readonly number[];
  readonly level: number;
}

export function readProfileTierLevel(reader: BitReader, maxSubLayersMinus1: number): ProfileTierLevel {
  const profileSpace = reader.bits(2);
  const highTier = reader.flag();
  const profile = reader.bits(5);
  const compatibility = reader.bits(32);
  const constraints = Array.from({ length: 6 }, () => reader.bits(8));
  const level = reader.bits(8);
  const present = Array.from({ length: maxSubLayersMinus1 }, () => ({ profile: reader.flag(), level: reader.flag() }));
  if (maxSubLayersMinus1 > 0) reader.skip(2 * (8 - maxSubLayersMinus1));
  for (const layer of present) reader.skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0));
  return { profileSpace, highTier, profile, compatibility, constraints, level };
}

/** RFC 6381 by ISO 14496-15 annex E.3: 'hvc1.1.6.L93.B0'. The compatibility flags are written with their bits reversed. */
export function codecStringOf(ptl: ProfileTierLevel): string {
  let reversed = 0;
  for (let i = 0; i < 32; i++) if ((ptl.compatibility & (1 << i)) !== 0) reversed += 2 ** (31 - i);
  const space = ptl.profileSpace === 0 ? '' : String.fromCharCode(64 + ptl.profileSpace);
  const constraints = ptl.constraints.map((byte) => byte.toString(16).toUpperCase());
  while (constraints.at(-1) === '0') constraints.pop();
  const head = `hvc1.${space}${ptl.profile}.${reversed.toString(16).toUpperCase()}.${ptl.highTier ? 'H' : 'L'}${ptl.level}`;
  return [head, ...constraints].join('.');
}
