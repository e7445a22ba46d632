/**
 * Takes out of a dialogue what says whose camera it is, and what opens it; what a parser stumbles over stays. The same secret gives the same
 * stand-in, so that the URLs of a session still belong together. What is not known to be harmless goes.
 *
 *     rtsp://admin:x@192.168.1.9:554/cam/AB12CD34EF56?token=7f   →   rtsp://camera/cam/serial-1?token=***
 *     WWW-Authenticate: Digest realm="IPC-77", nonce="ab"        →   WWW-Authenticate: Digest realm="***", nonce="***"
 *     Session: 8812371;timeout=60;u=joe                          →   Session: session-1;timeout=60;***
 *     X-Anything-Else: 77                                        →   X-Anything-Else: ***
 */
import { isIP } from 'node:net';
import { isSecretName, redactText, redactUrlFields } from '../../base/redact.ts';
import { UrlCredentials, authorityOf } from './credentials.ts';
import {
  ENCODED_PARAMETER,
  HARMLESS_HEADERS,
  HIDDEN_PARAMETER,
  KNOWN_PARAMETER,
  KNOWN_VALUES,
  MEDIA_LINE,
  SCHEME,
  SESSION_PART,
  TRANSPORT_PART,
} from './known-words.ts';
import { StandIns } from './stand-ins.ts';

/** Stands for the address and port that the probe was given. */
export const CAMERA = 'camera';

export class Redactor {
  readonly #standIns = new StandIns();
  readonly #credentials: UrlCredentials;
  /** The host of the URL that was probed, if it has a name of several parts: one word alone may be part of anything. */
  readonly #hostName: RegExp | undefined;

  /** `url`: the one that was probed. */
  constructor(url: string) {
    const hostPort = authorityOf(url).hostPort.toLowerCase();
    const host = hostPort.replace(/:\d+$/, '');
    // Devices name themselves with the port or without it.
    for (const name of [hostPort, host, CAMERA]) this.#standIns.set('host', name, CAMERA);
    this.#credentials = new UrlCredentials(url);
    if (/[a-z].*\.|\..*[a-z]/.test(host) && !host.startsWith('['))
      this.#hostName = new RegExp(`(?<![\\w.-])${RegExp.escape(host)}(?![\\w-])`, 'gi');
  }

  /** A message as text: start line, headers, and after an empty line the body. */
  text(text: string): string {
    const [head = '', ...rest] = text.split(/(\r?\n\r?\n)/);
    const [blank = '', ...body] = rest;
    return this.#head(head) + blank + this.#lines(body.join(''), (line) => this.#bodyLine(line));
  }

  /** What is no message: a URL, a reason, how a server calls itself. */
  words(text: string): string {
    return this.#standIns.serials(this.#plain(text));
  }

  #head(head: string): string {
    let first = true;
    return this.#lines(head.replaceAll(/\r?\n[ \t]+/g, ' '), (line) => {
      const start = first;
      first = false;
      return start ? this.#plain(line) : this.#header(line);
    });
  }

  #lines(text: string, redacted: (line: string) => string): string {
    return text
      .split('\n')
      .map((line) => (line.endsWith('\r') ? `${redacted(line.slice(0, -1))}\r` : redacted(line)))
      .join('\n');
  }

  /** Its name is what stands before the colon, as the parser has it. */
  #header(line: string): string {
    const [, before, colon = '', value = ''] = /^([^:]*)(:\s*)(.*)$/s.exec(line) ?? [];
    if (before === undefined) return line === '' ? '' : '***';
    return this.#plain(before) + colon + this.#value(before.trim().toLowerCase(), value.trimEnd());
  }

  #value(name: string, value: string): string {
    switch (name) {
      case 'authorization':
      case 'proxy-authorization':
        return SCHEME.test(/^\w*/.exec(value)?.[0] ?? '') ? value.replace(/^(\w+).*$/s, '$1 ***') : '***';
      case 'www-authenticate':
      case 'proxy-authenticate':
        return this.#challenges(value);
      case 'session':
        return parts(value, ';', (part, i) => {
          if (i === 0) return part === '' ? '' : this.#standIns.of('session', part);
          return SESSION_PART.test(part) ? part : '***';
        });
      case 'transport':
        return parts(value, ',', (transport) => parts(transport, ';', (part) => this.#transportPart(part)));
      case 'server':
        return this.words(value);
      default:
        if (KNOWN_VALUES.get(name)?.test(value) === true) return value;
        return HARMLESS_HEADERS.has(name) ? this.#plain(value) : '***';
    }
  }

  #transportPart(part: string): string {
    if (part === '' || TRANSPORT_PART.test(part)) return part;
    const [, key, host = ''] = /^((?:source|destination)=)(.*)$/i.exec(part) ?? [];
    if (key !== undefined) return key + (host === '' ? '' : this.#host(host));
    const name = /^(?:interleaved|(?:client_|server_)?port|ttl|layers|ssrc|mode)=/i.exec(part)?.[0] ?? '';
    return `${name}***`;
  }

  /** Schemes and what is known of them; of others, and of what cannot be read, nothing. */
  #challenges(value: string): string {
    let known = false;
    return value.replaceAll(CHALLENGE_ITEM, (item, name: string | undefined, is: string | undefined, said = '') => {
      if (name === undefined) return /^[\s,]+$/.test(item) ? item : '***';
      if (is === undefined) {
        known = /^(?:Basic|Digest)$/i.test(name);
        if (!SCHEME.test(name)) return '***';
        return known ? name : `${name} ***`;
      }
      if (!known) return '***';
      if (HIDDEN_PARAMETER.test(name)) return `${name}${is}"***"`;
      return KNOWN_PARAMETER.test(`${name}=${said}`) ? item : '***=***';
    });
  }

  #bodyLine(line: string): string {
    if (MEDIA_LINE.test(line.trimEnd())) return line;
    const [, fmtp, parameters = ''] = /^(a=fmtp:\d{1,3} )(.*)$/is.exec(line) ?? [];
    if (fmtp !== undefined) return fmtp + parts(parameters, ';', (parameter) => this.#fmtp(parameter));
    if (/^[uepk]=/i.test(line)) return `${line.slice(0, 2)}***`;
    // Keys of SRTP (RFC 4568, RFC 4567) and of ICE.
    const keyed = /^a=(?:crypto|key-mgmt|ice-pwd|ice-ufrag):/i.exec(line)?.[0];
    if (keyed !== undefined) return `${keyed}***`;
    // As devices answer GET_PARAMETER.
    if (!/^[a-z]=/i.test(line) && /^[^:]*:(?!\/\/)/.test(line)) return this.#header(line);
    const plain = this.#plain(line.replace(/^(o=)(?!-(?:\s|$))\S+/i, '$1***')).replace(
      /^(o=\S+(?:\s+\S+){4}\s+|c=\S+\s+\S+\s+)([^\s/]+)/,
      (_, before: string, host: string) => before + this.#host(host),
    );
    return /^[soi]=/i.test(plain) ? this.#standIns.serials(plain) : plain;
  }

  /** What the decoder needs, in base64 and hexadecimal, stays whole. */
  #fmtp(parameter: string): string {
    const name = /^[^=]*/.exec(parameter)?.[0] ?? '';
    if (isSecretName(name) || redactUrlFields(parameter) !== parameter) return `${this.#plain(name)}=***`;
    return ENCODED_PARAMETER.test(parameter) ? this.#credentials.takenFromEncoded(parameter) : this.#plain(parameter);
  }

  #plain(line: string): string {
    const urls = redactText(redactUrlFields(this.#credentials.takenFrom(line))).replaceAll(
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

  /** Where a host must stand. */
  #host(host: string): string {
    if (host === CAMERA) return host;
    const address = this.#standIns.addresses(host);
    return isIP(address) === 0 ? this.#standIns.host(host) : address;
  }
}

const URL_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'<>,;]+)/gi;
const SERIAL_FIELD = /((?:\bSN[\s:=#-]*(?=\d)|\b[Ss]erial ?(?:[Nn](?:o|umber))?\.?[:=#-]\s*))[\w-]{4,}/g;
/** A parameter, a word, what separates them, or anything else (RFC 7235 §2.1). */
const CHALLENGE_ITEM =
  /([\w!#$%&'*+.^`|~-]+)(?:(\s*=\s*)("(?:[^"\\]|\\.)*(?:"|$)|[^\s,"=]+(?=[\s,]|$)))?(?![^\s,])|[\s,]+|[^\s,]+/g;

/** Each part trimmed of blanks, which stay. */
function parts(text: string, separator: string, redacted: (part: string, index: number) => string): string {
  return text
    .split(separator)
    .map((part, i) => {
      const trimmed = part.trim();
      return part.replace(trimmed, () => redacted(trimmed, i));
    })
    .join(separator);
}
