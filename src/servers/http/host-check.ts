/**
 * Which host names HTTP answers to. A page from elsewhere can make a browser believe that its own name is our address (DNS
 * rebinding) and then read everything; it cannot make the browser send another Host. So names are listed; loopback names and the
 * address that is listened on always are. A literal address cannot be rebound, but is answered to only where other
 * machines are meant to come at all.
 */
import { isIP } from 'node:net';
import type { AccessSettings, ListenAddress } from '../../config/settings.ts';
import { isLoopback } from '../../config/values.ts';

export class HostCheck {
  readonly #listenHost: string;
  readonly #anyAddress: boolean;
  #names: ReadonlySet<string>;

  constructor(listen: ListenAddress, hosts: readonly string[], access: AccessSettings['kind']) {
    this.#listenHost = listen.host.toLowerCase();
    this.#anyAddress = access !== 'local';
    this.#names = new Set(hosts);
  }

  /** Takes up a changed `http.hosts` (lower case). */
  setHosts(hosts: readonly string[]): void {
    this.#names = new Set(hosts);
  }

  /** Judges a Host header. A request without one (HTTP/1.0) comes from no browser. */
  allows(header: string | undefined): boolean {
    if (header === undefined) return true;
    const host = hostOf(header);
    if (host === undefined) return false;
    if (isLoopback(host) || host.endsWith('.localhost')) return true;
    if (host === this.#listenHost || this.#names.has(host)) return true;
    return this.#anyAddress && isIP(host) !== 0;
  }

  /** Whether a page of this Origin is one of ours (on any port). */
  isOwnOrigin(origin: string): boolean {
    const url = URL.parse(origin);
    return url !== null && url.host !== '' && this.allows(url.host);
  }
}

/** The name or address in `host[:port]`, lower case, without brackets and final dot; undefined if it is neither. */
function hostOf(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}
