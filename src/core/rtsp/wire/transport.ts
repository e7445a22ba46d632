/**
 * The Transport header (RFC 2326 §12.39): a list by preference in a request, one in a reply.
 *
 *     RTP/AVP/TCP;unicast;interleaved=0-1,RTP/AVP;unicast;client_port=5000-5001;mode="PLAY"
 *
 * Read by key, in any order (`ssrc` first: ret#120). `interleaved` without `/TCP` is TCP (Escam). An odd ssrc is ignored (ret#128). What
 * says neither unicast nor multicast is unicast: no peer means the standard's default.
 */
export type PortPair = readonly [number, number];

export interface Transport {
  /** 'RTP/AVP', 'RTP/SAVP': upper case, without the lower transport. */
  readonly profile: string;
  readonly lower: 'TCP' | 'UDP';
  readonly cast: 'unicast' | 'multicast';
  /** Channels of RTP and RTCP. */
  readonly interleaved?: PortPair;
  readonly clientPort?: PortPair;
  readonly serverPort?: PortPair;
  /** Multicast ports. */
  readonly port?: PortPair;
  readonly ttl?: number;
  readonly ssrc?: number;
  readonly destination?: string;
  readonly source?: string;
  /** Lower case, without quotes: 'play', 'record', 'receive'. */
  readonly mode?: string;
}

/** More are not looked at. */
export const MAX_TRANSPORTS = 16;

/** Parses a whole header value; what is no transport is left out. */
export function parseTransports(value: string): readonly Transport[] {
  return splitOutsideQuotes(value, ',')
    .slice(0, MAX_TRANSPORTS)
    .map(parseTransport)
    .filter((transport) => transport !== undefined);
}

export function serialiseTransport(transport: Transport): string {
  const parts = [transport.lower === 'TCP' ? `${transport.profile}/TCP` : transport.profile, transport.cast];
  if (transport.destination !== undefined) parts.push(`destination=${transport.destination}`);
  if (transport.source !== undefined) parts.push(`source=${transport.source}`);
  if (transport.ttl !== undefined) parts.push(`ttl=${transport.ttl}`);
  pushPair(parts, 'interleaved', transport.interleaved);
  pushPair(parts, 'port', transport.port);
  pushPair(parts, 'client_port', transport.clientPort);
  pushPair(parts, 'server_port', transport.serverPort);
  if (transport.ssrc !== undefined) parts.push(`ssrc=${transport.ssrc.toString(16).toUpperCase().padStart(8, '0')}`);
  if (transport.mode !== undefined) parts.push(`mode="${transport.mode.toUpperCase()}"`);
  return parts.join(';');
}

function parseTransport(text: string): Transport | undefined {
  const [first = '', ...rest] = splitOutsideQuotes(text, ';').map((part) => part.trim());
  // The profile need not be first: some send ssrc before it (ret#120).
  const all = [first, ...rest];
  const spec = all.find((part) => /^[A-Za-z]+\/[A-Za-z]+(\/[A-Za-z]+)?$/.test(part));
  if (spec === undefined) return undefined;
  const [protocol = '', profile = '', lower = ''] = spec.toUpperCase().split('/');
  const values = new Map<string, string>();
  for (const part of all) {
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (!values.has(name)) values.set(name, equals < 0 ? '' : unquote(part.slice(equals + 1).trim()));
  }
  const interleaved = pair(values.get('interleaved'), 255);
  return {
    profile: `${protocol}/${profile}`,
    lower: lower === 'TCP' || interleaved !== undefined ? 'TCP' : 'UDP',
    cast: values.has('multicast') ? 'multicast' : 'unicast',
    ...defined('interleaved', interleaved),
    ...defined('clientPort', pair(values.get('client_port'), 65535)),
    ...defined('serverPort', pair(values.get('server_port'), 65535)),
    ...defined('port', pair(values.get('port'), 65535)),
    ...defined('ttl', wholeNumber(values.get('ttl'), 255)),
    ...defined('ssrc', hexadecimal(values.get('ssrc'))),
    ...defined('destination', nonEmpty(values.get('destination'))),
    ...defined('source', nonEmpty(values.get('source'))),
    ...defined('mode', nonEmpty(values.get('mode')?.toLowerCase())),
  };
}

function defined<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });
}

/** `8-9`, or a single `8`, which means 8 and 9. */
function pair(value: string | undefined, max: number): PortPair | undefined {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(value ?? '');
  if (match === null) return undefined;
  const low = Number(match[1]);
  const high = match[2] === undefined ? Math.min(low + 1, max) : Number(match[2]);
  return low <= max && high <= max ? [low, high] : undefined;
}

function wholeNumber(value: string | undefined, max: number): number | undefined {
  return value !== undefined && /^\d{1,5}$/.test(value) && Number(value) <= max ? Number(value) : undefined;
}

function hexadecimal(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9a-f]{1,8}$/i.test(value) ? Number.parseInt(value, 16) : undefined;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function unquote(value: string): string {
  return value.replace(/^"(.*)"$/, '$1');
}

function pushPair(parts: string[], name: string, pair: PortPair | undefined): void {
  if (pair !== undefined) parts.push(`${name}=${pair[0]}-${pair[1]}`);
}

function splitOutsideQuotes(value: string, separator: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '"') quoted = !quoted;
    if (value[i] !== separator || quoted) continue;
    parts.push(value.slice(start, i));
    start = i + 1;
  }
  parts.push(value.slice(start));
  return parts.filter((part) => part.trim() !== '');
}
