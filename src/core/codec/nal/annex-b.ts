/**
 * Byte streams of NAL units (H.264 and H.265 annex B): each behind a start code 00 00 01, zeros before it allowed. Inside a NAL unit a start code
 * cannot occur, so finding one where a single NAL unit should be means that a device packed the byte stream (V380, ret#68).
 */

/** Where the next start code (its first of two zeros) lies at or after `from`; −1 if there is none. */
export function findStartCode(bytes: Uint8Array, from = 0): number {
  for (let one = bytes.indexOf(1, from + 2); one !== -1; one = bytes.indexOf(1, one + 1)) {
    if (bytes[one - 1] === 0 && bytes[one - 2] === 0) return one - 2;
  }
  return -1;
}

/** The NAL units as views, without start codes and the zeros around them; what stands before the first start code counts as one too. */
export function splitAnnexB(bytes: Uint8Array): readonly Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = 0;
  for (;;) {
    const code = findStartCode(bytes, start);
    const nal = withoutTrailingZeros(bytes.subarray(start, code === -1 ? bytes.length : code));
    if (nal.length > 0) nals.push(nal);
    if (code === -1) return nals;
    start = code + 3;
  }
}

/** A NAL unit never ends in a zero byte (H.264 §7.4.1): such bytes belong to the byte stream around it. */
export function withoutTrailingZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end === bytes.length ? bytes : bytes.subarray(0, end);
}

/** The parameter sets of a `sprop` value: base64, separated by commas, some with start codes inside. Junk is left out. */
export function parseSprop(value: string, decode: (base64: string) => Uint8Array | undefined): readonly Uint8Array[] {
  return value.split(',').flatMap((part) => splitAnnexB(decode(part) ?? new Uint8Array()));
}
