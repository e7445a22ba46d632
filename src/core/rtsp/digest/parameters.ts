/**
 * The common form of challenges and credentials (RFC 7235 §2.1): `Scheme name=value, name="quoted \" value", … Scheme …`.
 * A list: a word that is followed by no '=' begins the next scheme.
 */
export interface SchemeParameters {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case, the first of a name counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_PARAMETERS = 64;
/** name "=" (quoted-string | token), or a bare word; an unfinished quote ends at the value's end. */
const ITEM = /([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^\s,"]*)))?/y;

export function parseSchemes(value: string): SchemeParameters[] {
  const schemes: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  for (let items = 0; at < value.length && items < MAX_PARAMETERS;) {
    ITEM.lastIndex = at;
    const match = ITEM.exec(value);
    if (match === null) {
      at += 1;
      continue;
    }
    items += 1;
    at = ITEM.lastIndex;
    const [whole, name = '', inQuotes, bare] = match;
    if (inQuotes === undefined && bare === undefined) {
      schemes.push({ scheme: whole.toLowerCase(), parameters: new Map() });
      continue;
    }
    const parameters = schemes.at(-1)?.parameters;
    const key = name.toLowerCase();
    if (parameters === undefined || parameters.has(key)) continue;
    parameters.set(key, inQuotes === undefined ? (bare ?? '') : inQuotes.replace(/\\(.)/g, '$1'));
  }
  return schemes;
}
