/**
 * Sample flags as fragments carry them (ISO 14496-12 §8.8.3.1): what a sample depends on, and whether it is a sync sample.
 *
 *     reserved:4 is_leading:2 depends_on:2 is_depended_on:2 has_redundancy:2 padding:3 non_sync:1 degradation_priority:16
 *
 * A damaged sample (loss on the way in) carries a degradation priority of 1: players ignore it, and the mark survives on disk.
 */
const SYNC_SAMPLE = 0x0200_0000;
const NON_SYNC_SAMPLE = 0x0101_0000;
const DAMAGED = 1;

export function sampleFlags(key: boolean, damaged: boolean): number {
  return (key ? SYNC_SAMPLE : NON_SYNC_SAMPLE) | (damaged ? DAMAGED : 0);
}

export function isSync(flags: number): boolean {
  return (flags & 0x0001_0000) === 0;
}

export function isDamaged(flags: number): boolean {
  return (flags & 0xffff) === DAMAGED;
}
