/** Base64 as devices write it: white space and missing padding are passed over, other junk ends it; undefined if nothing is readable. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  const clean = /^[A-Za-z0-9+/]*/.exec(text.replace(/\s+/g, ''))?.[0] ?? '';
  const whole = clean.length % 4 === 1 ? clean.slice(0, -1) : clean;
  if (whole === '') return undefined;
  return Uint8Array.from(atob(whole), (char) => char.charCodeAt(0));
}

export function base64Of(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
