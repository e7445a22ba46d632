/** Names for what is kept secret: the same secret has the same name everywhere, so that what belonged together still does. */
import { isIPv6 } from 'node:net';

export class StandIns {
  readonly #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  /** Makes `standIn` the name of this secret. */
  set(kind: string, secret: string, standIn: string): void {
    this.#known.set(`${kind} ${secret}`, standIn);
  }

  /** `kind-1`, `kind-2` and so on. */
  of(kind: string, secret: string): string {
    const known = this.#known.get(`${kind} ${secret}`);
    if (known !== undefined) return known;
    const standIn = `${kind}-${this.#next(kind)}`;
    this.set(kind, secret, standIn);
    return standIn;
  }

  /** A host name or 'host:port'. */
  host(hostPort: string): string {
    return this.of('host', hostPort.toLowerCase());
  }

  /** What looks like a serial number, wherever it stands. */
  serials(text: string): string {
    return text.replaceAll(SERIAL, (serial) => this.of('serial', serial));
  }

  /** MAC and IP addresses, wherever they stand; those that belong to nobody (multicast, loopback) stay. They still read as addresses. */
  addresses(text: string): string {
    return text
      .replaceAll(MAC, MAC_STAND_IN)
      .replaceAll(IPV6, (address) => this.#ipv6(address))
      .replaceAll(IPV4, (address) => this.#ipv4(address));
  }

  /** Into the range that documentation uses (RFC 5737). */
  #ipv4(address: string): string {
    if (/^(?:0\.0\.0\.0|127\.|2(?:2[4-9]|3\d)\.|192\.0\.2\.)/.test(address)) return address;
    return this.#address(address, (number) => `192.0.2.${number % 256}`);
  }

  /** Into RFC 3849's. The address that a device makes for itself holds its MAC address (RFC 4291, appendix A). */
  #ipv6(address: string): string {
    const [plain = ''] = address.split('%');
    if (!isIPv6(plain) || /^(?:::1?$|ff)/i.test(plain)) return address;
    return this.#address(plain.toLowerCase(), (number) => `2001:db8::${number.toString(16)}`);
  }

  #address(address: string, write: (number: number) => string): string {
    const key = `address ${address}`;
    const known = this.#known.get(key) ?? write(this.#next('address'));
    this.#known.set(key, known);
    // Read once more, it is nobody's.
    this.#known.set(`address ${known}`, known);
    return known;
  }

  #next(kind: string): number {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    return count;
  }
}

/** Letters and digits mixed, or digits alone, longer than a channel, a size or a profile is. */
const SERIAL = /\b(?=[a-z0-9]*\d)(?:[A-Z0-9]{10,}|[a-f0-9]{12,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/gi;
const MAC = /\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi;
/** RFC 7042 §2.1.2. */
const MAC_STAND_IN = '00:00:5e:00:53:00';
const IPV4 = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g;
/** What may be one: times of day are not. */
const IPV6 = /(?<![\w.:])(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4})(?:%[\w.-]+)?(?![\w:])/gi;
