/** Lower-case hexadecimal text of bytes. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** So many lower-case hexadecimal digits by `random`, in [0, 1): as hard to guess as that. */
export function randomHex(random: () => number, digits: number): string {
  let text = '';
  while (text.length < digits) {
    const word = Math.floor(random() * 2 ** 32);
    text += word.toString(16).padStart(8, '0');
  }
  return text.slice(0, digits);
}

/** The bytes of hexadecimal text; undefined if it is none. */
export function bytesOfHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(text)) return undefined;
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
}
