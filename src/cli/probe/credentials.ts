/** User and password of the URL that is probed, wherever else they stand. */
import { secretUrlFields } from '../../base/redact.ts';
import { WeirError } from '../../core/errors.ts';
import { parseRtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';

/** Not looked for: they are part of everything. */
const TOO_SHORT = /^(?:.?|\d\d)$/s;
/** Longer ones are found inside of words too. */
const MAX_WORD_CREDENTIAL = 7;

export class UrlCredentials {
  readonly #anywhere: RegExp | undefined;
  /** In what looks like anything only these are found, and words that are the whole value. */
  readonly #long: RegExp | undefined;
  readonly #forms: ReadonlySet<string>;

  constructor(url: string) {
    const forms = [...formsOf(url)].filter((form) => !TOO_SHORT.test(form)).toSorted((a, b) => b.length - a.length);
    const long = forms.filter((form) => form.length > MAX_WORD_CREDENTIAL);
    this.#forms = new Set(forms);
    this.#long = anyOf(long.map((form) => RegExp.escape(form)));
    this.#anywhere = anyOf(
      forms.map((form) => {
        const text = RegExp.escape(form);
        return form.length > MAX_WORD_CREDENTIAL ? text : `(?<![A-Za-z0-9])${text}(?![A-Za-z0-9])`;
      }),
    );
  }

  /** Text without them; what the protocol itself is called stays. */
  takenFrom(text: string): string {
    return this.#anywhere === undefined ? text : text.replaceAll(this.#anywhere, '***');
  }

  /** The same for `name=value` whose value is one of base64 or hexadecimal, in which a short word may stand by chance. */
  takenFromEncoded(parameter: string): string {
    const equals = parameter.indexOf('=') + 1;
    const value = parameter.slice(equals);
    if (value.split(',').some((part) => this.#forms.has(part)) || this.#forms.has(value))
      return `${parameter.slice(0, equals)}***`;
    return this.#long === undefined ? parameter : parameter.replaceAll(this.#long, '***');
  }
}

/** What stands before the path: user and password, as they are written, and the host with its port. */
export function authorityOf(url: string): { readonly userinfo: string; readonly hostPort: string } {
  const authority = /^rtsp[sx]?:\/\/([^/?]*)/i.exec(url.trim())?.[1] ?? '';
  const at = authority.lastIndexOf('@');
  return { userinfo: authority.slice(0, Math.max(0, at)), hostPort: authority.slice(at + 1) };
}

/** As they were written, as they are meant, and as others would write them: encoded for a URL, for Basic, in quotes, as bytes. */
function formsOf(url: string): ReadonlySet<string> {
  const { userinfo } = authorityOf(url);
  const colon = userinfo.indexOf(':');
  const written = colon < 0 ? [userinfo] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  const parsed = parseRtspUrl(url);
  const meant = parsed instanceof WeirError ? undefined : parsed.credentials;
  const decoded = meant === undefined ? [] : [meant.user, meant.password];
  const basic = meant === undefined ? [] : [Buffer.from(`${meant.user}:${meant.password}`).toString('base64')];
  const plain = [...secretUrlFields(url), ...written, ...decoded];
  return new Set([
    ...plain,
    ...basic,
    ...plain.map((text) => encodeURIComponent(text.toWellFormed())),
    ...plain.map((text) => JSON.stringify(text).slice(1, -1)),
    ...plain.map((text) => Buffer.from(text).toString('latin1')),
  ]);
}

function anyOf(patterns: readonly string[]): RegExp | undefined {
  return patterns.length === 0
    ? undefined
    : new RegExp(String.raw`(?!RTSP/\d|rtsp[sx]?://)(?:${patterns.join('|')})`, 'g');
}
