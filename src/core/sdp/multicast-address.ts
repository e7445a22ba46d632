/** Whether a literal address is a group's: 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291 §2.7). */
export function isMulticast(address: string): boolean {
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address)?.slice(1).map(Number);
  if (bytes === undefined) return /^ff[0-9a-f]{2}:[0-9a-f:]{1,35}$/i.test(address);
  return bytes.every((byte) => byte < 256) && (bytes[0] ?? 0) >> 4 === 14;
}
