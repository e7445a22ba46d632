/** Attribute lists of tags: NAME=value,NAME="text" (RFC 8216 §4.2). */
export function attributes(list: readonly (readonly [string, string | undefined])[]): string {
  return list.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join(',');
}

/** A quoted string: what it must not hold (quotes, line ends) is left out, for a list that a player cannot parse helps nobody. */
export function quoted(text: string): string {
  return `"${text.replace(/["\r\n]/g, '')}"`;
}
