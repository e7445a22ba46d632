/**
 * Takes out of a dialogue what says whose camera it is, and what opens it; what a parser stumbles over stays. The same secret gives the same
 * stand-in, so that the URLs of a session still belong together.
 *
 *     rtsp://admin:x@192.168.1.9:554/cam/AB12CD34EF56?token=7f   →   rtsp://camera/cam/serial-1?token=***
 *     WWW-Authenticate: Digest realm="IPC-77", nonce="ab"        →   WWW-Authenticate: Digest realm="***", nonce="***"
 *     Session: 8812371;timeout=60                                →   Session: session-1;timeout=60
 */
import { redactText } from '../../base/redact.ts';

/** Stands for the address and port that the probe was given. */
export const CAMERA = 'camera';

export class Redactor {
  readonly #standIns = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** `url`: the one that was probed. */
  constructor(url: string) {
    const authority = /^rtsp[sx]?:\/\/([^/?]*)/i.exec(url.trim())?.[1] ?? '';
    const hostPort = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
    this.#standIns.set(`host ${hostPort}`, CAMERA);
    // Devices name themselves with the port or without it.
    this.#standIns.set(`host ${hostPort.replace(/:\d+$/, '')}`, CAMERA);
  }

  /** A message as text, line by line: start line, headers, body. */
  text(text: string): string {
    return text
      .split('\n')
      .map((line) => this.#line(line))
      .join('\n');
  }

  url(url: string): string {
    return url.replaceAll(URL_TEXT, (_whole, scheme: string, rest: string) => scheme + this.#afterScheme(rest));
  }

  #line(line: string): string {
    const header = /^([A-Za-z-]+)(:\s*)(.*)$/s.exec(line);
    const [, name = '', colon = '', value = ''] = header ?? [];
    switch (name.toLowerCase()) {
      case 'authorization':
      case 'proxy-authorization':
        return `${name}${colon}${/^\s*(\w+)/.exec(value)?.[1] ?? ''} ***${lineEnd(value)}`;
      case 'www-authenticate':
      case 'proxy-authenticate':
        return (
          name + colon + value.replaceAll(/\b(realm|nonce|opaque|domain)(\s*=\s*)("[^"]*"|[^\s,]+)/gi, '$1$2"***"')
        );
      case 'session':
        return name + colon + value.replace(/^[^;\r]+/, (id) => this.#standIn('session', id.trim()));
      default:
        return this.#plain(line);
    }
  }

  #plain(line: string): string {
    // What the decoder needs, in base64 and hexadecimal.
    if (/^a=(?:fmtp|rtpmap)/i.test(line)) return line;
    const without = redactText(this.url(line))
      .replaceAll(/(\bcname:)\S+/gi, '$1***')
      .replaceAll(MAC, MAC_STAND_IN)
      .replaceAll(IPV4, (address) => this.#address(address));
    return /^[souiep]=/i.test(without) ? this.#serials(without) : without;
  }

  #afterScheme(rest: string): string {
    const slash = rest.search(/[/?]/);
    const authority = slash < 0 ? rest : rest.slice(0, slash);
    const hostPort = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase();
    return this.#host(hostPort) + this.#path(slash < 0 ? '' : rest.slice(slash));
  }

  #host(hostPort: string): string {
    return this.#standIns.get(`host ${hostPort}`) ?? this.#standIn('host', hostPort);
  }

  /** Some write user and password into the path (Xiongmai: `/user=admin_password=x_channel=1`). */
  #path(path: string): string {
    return this.#serials(path.replaceAll(/((?:user(?:name)?|password|passwd|pass|pwd)=)[^_&/?;]*/gi, '$1***'));
  }

  #serials(text: string): string {
    return text.replaceAll(SERIAL, (serial) => this.#standIn('serial', serial));
  }

  /** Into the range that documentation uses (RFC 5737), so that it still reads as an address; those that belong to nobody stay. */
  #address(address: string): string {
    if (/^(?:0\.0\.0\.0|127\.|2(?:2[4-9]|3\d)\.|192\.0\.2\.)/.test(address)) return address;
    const number = /\d+$/.exec(this.#standIn('address', address))?.[0] ?? '1';
    return `192.0.2.${Number(number) % 256}`;
  }

  #standIn(kind: string, secret: string): string {
    const key = `${kind} ${secret}`;
    const known = this.#standIns.get(key);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const standIn = `${kind}-${count}`;
    this.#standIns.set(key, standIn);
    return standIn;
  }
}

const URL_TEXT = /\b(rtsp[sx]?:\/\/)([^\s"'<>,;]+)/gi;
/** Letters and digits mixed, or digits alone, longer than a channel, a size or a profile is. */
const SERIAL = /\b(?=[a-z0-9]*\d)(?:[A-Z0-9]{10,}|[a-f0-9]{12,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/gi;
const MAC = /\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi;
/** RFC 7042 §2.1.2. */
const MAC_STAND_IN = '00:00:5e:00:53:00';
const IPV4 = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g;

function lineEnd(value: string): string {
  return value.endsWith('\r') ? '\r' : '';
}
