/** What of a sample's NAL units belongs into an access unit: all but parameter sets and delimiters. */
import type { NalSyntax } from './video-setup.ts';

export function contentOfNals(
  nals: readonly Uint8Array[],
  syntax: NalSyntax,
): { readonly data: readonly Uint8Array[]; readonly key: boolean } | undefined {
  let key = false;
  let slices = false;
  const data = nals.filter((nal) => {
    const kind = nal.length < syntax.headerBytes ? 'stripped' : syntax.kindOf(nal);
    key ||= kind === 'key-slice';
    slices ||= kind === 'key-slice' || kind === 'slice';
    return kind !== 'parameter-set' && kind !== 'stripped';
  });
  return slices ? { data, key } : undefined;
}
