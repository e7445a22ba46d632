/** Public and Allow (RFC 2326 §12.28, §12.4): methods by comma. */
export function serialiseMethods(methods: Iterable<string>): string {
  return [...methods].join(', ');
}
