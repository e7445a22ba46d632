/** Public and Allow (RFC 2326 §12.28, §12.4): methods by comma, in upper case. */
export function parseMethods(value: string): ReadonlySet<string> {
  return new Set(
    value
      .split(/[,;\s]+/)
      .map((method) => method.toUpperCase())
      .filter((method) => method !== ''),
  );
}

export function serialiseMethods(methods: Iterable<string>): string {
  return [...methods].join(', ');
}
