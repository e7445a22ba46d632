/**
 * Takes out of a dialogue what says whose camera it is, and what opens it; what a parser stumbles over stays. The same secret gives the same
 * stand-in, so that the URLs of a session still belong together.
 *
 *     rtsp://admin:x@192.168.1.9:554/cam/AB12CD34EF56?token=7f   →   rtsp://camera/cam/serial-1?token=***
 *     WWW-Authenticate: Digest realm="IPC-77", nonce="ab"        →   WWW-Authenticate: Digest realm="***", nonce="***"
 *     Session: 8812371;timeout=60                                →   Session: session-1;timeout=60
 *     X-Anything-Else: 77                                        →   X-Anything-Else: ***
 */
import { redactText, redactUrlFields, secretUrlFields } from '../../base/redact.ts';
import { WeirError } from '../../core/errors.ts';
import { parseRtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import { StandIns } from './stand-ins.ts';

/** Stands for the address and port that the probe was given. */
export const CAMERA = 'camera';

export class Redactor {
  readonly #standIns = new StandIns();
  /** User and password of the URL that was probed, wherever they stand. */
  readonly #credentials: RegExp | undefined;
  /** Its host, if it has a name of several parts: one word alone may be part of anything. */
  readonly #hostName: RegExp | undefined;

  /** `url`: the one that was probed. */
  constructor(url: string) {
    const authority = /^rtsp[sx]?:\/\/([^/?]*)/i.exec(url.trim())?.[1] ?? '';
    const at = authority.lastIndexOf('@');
    const hostPort = authority.slice(at + 1).toLowerCase();
    const host = hostPort.replace(/:\d+$/, '');
    // Devices name themselves with the port or without it.
    for (const name of [hostPort, host, CAMERA]) this.#standIns.set('host', name, CAMERA);
    this.#credentials = credentialsPattern(url, authority.slice(0, Math.max(0, at)));
    if (/[a-z].*\.|\..*[a-z]/.test(host) && !host.startsWith('['))
      this.#hostName = new RegExp(`(?<![\\w.-])${RegExp.escape(host)}(?![\\w-])`, 'gi');
  }

  /** A message as text, line by line: start line, headers, body. */
  text(text: string): string {
    return text
      .split('\n')
      .map((line) => this.#line(line))
      .join('\n');
  }

  /** What is no message: a URL, a reason, how a server calls itself. */
  words(text: string): string {
    return this.#standIns.serials(this.#plain(text));
  }

  #line(line: string): string {
    const [, header, name = '', value = ''] = /^(([\w-]+):(?!\/\/)\s*)(.*)$/s.exec(line) ?? [];
    if (header === undefined) return this.#sdp(line);
    switch (name.toLowerCase()) {
      case 'authorization':
      case 'proxy-authorization':
        return `${header}${/^\s*(\w+)/.exec(value)?.[1] ?? ''} ***${lineEnd(value)}`;
      case 'www-authenticate':
      case 'proxy-authenticate':
        return header + value.replaceAll(/\b(realm|nonce|opaque|domain)(\s*=\s*)("[^"]*"|[^\s,]+)/gi, '$1$2"***"');
      case 'session':
        return header + value.replace(/^[^;\r]+/, (id) => this.#standIns.of('session', id.trim()));
      case 'transport':
        return header + this.#transport(value);
      case 'server':
        return header + this.words(value);
      default:
        if (NUMBERS_AND_WORDS.has(name.toLowerCase())) return line;
        return header + (HARMLESS.has(name.toLowerCase()) ? this.#plain(value) : `***${lineEnd(value)}`);
    }
  }

  #transport(value: string): string {
    return this.#standIns
      .addresses(value)
      .replaceAll(/\b((?:source|destination)=)([^\s;,]+)/gi, (_, key: string, host: string) => key + this.#host(host));
  }

  #sdp(line: string): string {
    // What the decoder needs, in base64 and hexadecimal; and no word of ours stands in a media line.
    if (/^(?:a=(?:fmtp|rtpmap)|m=)/i.test(line)) return line;
    if (/^[uepk]=/.test(line)) return `${line.slice(0, 2)}***${lineEnd(line)}`;
    // Keys of SRTP (RFC 4568, RFC 4567) and of ICE.
    const keyed = /^a=(?:crypto|key-mgmt|ice-pwd|ice-ufrag):/i.exec(line)?.[0];
    if (keyed !== undefined) return `${keyed}***${lineEnd(line)}`;
    const plain = this.#plain(line).replace(
      /^(o=\S+(?:\s+\S+){4}\s+|c=\S+\s+\S+\s+)([^\s/]+)/,
      (_, before: string, host: string) => before + this.#host(host),
    );
    return /^[soi]=/i.test(plain) ? this.#standIns.serials(plain) : plain;
  }

  #plain(line: string): string {
    const ours = this.#credentials === undefined ? line : line.replaceAll(this.#credentials, '***');
    const urls = redactText(redactUrlFields(ours)).replaceAll(
      URL_TEXT,
      (_, scheme: string, rest: string) => scheme + this.#afterScheme(rest),
    );
    const rest = this.#standIns.addresses(
      urls.replaceAll(/(\bcname:)\S+/gi, '$1***').replaceAll(SERIAL_FIELD, '$1***'),
    );
    return this.#hostName === undefined ? rest : rest.replaceAll(this.#hostName, CAMERA);
  }

  #afterScheme(rest: string): string {
    const slash = rest.search(/[/?]/);
    const authority = slash < 0 ? rest : rest.slice(0, slash);
    const path = slash < 0 ? '' : rest.slice(slash);
    return this.#standIns.host(authority.slice(authority.lastIndexOf('@') + 1)) + this.#standIns.serials(path);
  }

  /** Where a host must stand; addresses were seen to. */
  #host(host: string): string {
    return /[a-z]/i.test(host) && !host.includes(':') ? this.#standIns.host(host) : host;
  }
}

/** Nothing of anybody's fits in; a short password may be a number that does. */
const NUMBERS_AND_WORDS = new Set([
  'accept',
  'allow',
  'blocksize',
  'bandwidth',
  'cache-control',
  'connection',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'cseq',
  'date',
  'expires',
  'last-modified',
  'public',
  'range',
  'retry-after',
  'scale',
  'speed',
]);
/** Headers whose values stay, but for what is found in them. Of all others the name alone stays. */
const HARMLESS = new Set([
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'content-base',
  'content-location',
  'frames',
  'immediate',
  'location',
  'media-properties',
  'media-range',
  'proxy-require',
  'rate-control',
  'require',
  'rtp-info',
  'seek-style',
  'supported',
  'timestamp',
  'unsupported',
  'user-agent',
  'x-accept-dynamic-rate',
  'x-accept-retransmit',
  'x-dynamic-rate',
  'x-transport-options',
]);
const URL_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>,;]+)/gi;
const SERIAL_FIELD = /((?:\bSN[\s:=#-]*(?=\d)|\b[Ss]erial ?(?:[Nn](?:o|umber))?\.?[:=#-]\s*))[\w-]{4,}/g;

/** Not looked for: they are part of everything. */
const TOO_SHORT = /^(?:.?|\d\d)$/s;
/** Longer ones are found inside of words too. */
const MAX_WORD_CREDENTIAL = 7;

/** As they were written, as they are meant, and as others would write them. */
function credentialsPattern(url: string, userinfo: string): RegExp | undefined {
  const parsed = parseRtspUrl(url);
  const meant = parsed instanceof WeirError ? undefined : parsed.credentials;
  const colon = userinfo.indexOf(':');
  const written = colon < 0 ? [userinfo] : [userinfo.slice(0, colon), userinfo.slice(colon + 1)];
  const decoded = meant === undefined ? [] : [meant.user, meant.password];
  const forms = new Set([
    ...secretUrlFields(url),
    ...written,
    ...decoded,
    ...decoded.map((text) => encodeURIComponent(text)),
  ]);
  const patterns = [...forms]
    .filter((form) => !TOO_SHORT.test(form))
    .toSorted((a, b) => b.length - a.length)
    .map((form) => {
      const text = RegExp.escape(form);
      return form.length > MAX_WORD_CREDENTIAL ? text : `(?<![A-Za-z0-9])${text}(?![A-Za-z0-9])`;
    });
  // What the protocol itself is called stays.
  return patterns.length === 0 ? undefined : new RegExp(`(?!RTSP/\\d|rtsp[sx]?://)(?:${patterns.join('|')})`, 'g');
}

function lineEnd(value: string): string {
  return value.endsWith('\r') ? '\r' : '';
}
