/** The scalars of the configuration that are more than text: each reader returns undefined for what it cannot read. */
import type { ListenAddress } from './settings.ts';

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** '500ms', '0.5s', '10m', '7d' → milliseconds, rounded. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?) ?(ms|s|m|h|d|w)$/.exec(text);
  const unit = DURATION_UNITS_MS[match?.[2] ?? ''];
  return unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit);
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** '500GB' (10^9), '1.5 TiB' (2^40) → bytes, rounded; at most 2^53. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$/.exec(text);
  const unit = SIZE_UNITS[match?.[2] ?? ''];
  const bytes = unit === undefined ? undefined : Math.round(Number(match?.[1]) * unit);
  return bytes !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** '5%' → 0.05; less than all. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d{1,2}(?:\.\d{1,3})?) ?%$/.exec(text);
  return match === null ? undefined : Number(match[1]) / 100;
}

/** An address to listen on as written: a host that was not given is for the listening rule to choose. */
export type WrittenAddress = Omit<ListenAddress, 'host'> & { readonly host: string | undefined };

/** ':8554', '8554', '127.0.0.1:8554', '[::1]:8554', 'localhost:8554'. */
export function parseListenAddress(text: string): WrittenAddress | undefined {
  const match = /^(?:(\[[0-9A-Fa-f:.%a-z]+\]|[A-Za-z0-9_.-]+)?:)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) return undefined;
  return { host: match[1]?.replace(/^\[(.*)\]$/, '$1'), port };
}

/** '8000' → 8000, even, so that its neighbour is the RTCP port; '0' any; 'off' → 'off'. */
export function parseEvenPort(text: string): number | 'off' | undefined {
  if (text === 'off') return 'off';
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port % 2 === 0 && port < 65_535 ? port : undefined;
}

/** '8100-8999' → [8100, 8999]: at least a pair. */
export function parsePortRange(text: string): readonly [low: number, high: number] | undefined {
  const match = /^(\d{1,5}) ?- ?(\d{1,5})$/.exec(text);
  const [low, high] = [Number(match?.[1]), Number(match?.[2])];
  return match !== null && low >= 1 && high <= 65_535 && low + (low % 2) < high ? [low, high] : undefined;
}

/** '239.10.0.0/16' → its first address as a number, and how many there are; multicast addresses only (RFC 5771). */
export function parseMulticastRange(
  text: string,
): { readonly firstAddress: number; readonly addresses: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = (match ?? []).slice(1).map(Number);
  if (match === null || a < 224 || [a, b, c, d].some((part) => part > 255) || a > 239 || bits < 8 || bits > 32)
    return undefined;
  const addresses = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return address % addresses === 0 ? { firstAddress: address, addresses } : undefined;
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i.test(host);
}

/** The shortest writing of a duration that `parseDuration` reads back to the same: 604800000 → '7d'. */
export function formatDuration(ms: number): string {
  return formatUnits(ms, DURATION_UNITS_MS, ['d', 'h', 'm', 's'], 'ms');
}

/** The shortest writing of a size that `parseSize` reads back to the same: 500e9 → '500GB'. */
export function formatSize(bytes: number): string {
  return formatUnits(bytes, SIZE_UNITS, ['TiB', 'GiB', 'MiB', 'TB', 'GB', 'MB', 'KiB', 'KB'], 'B');
}

function formatUnits(
  value: number,
  units: Readonly<Record<string, number>>,
  order: readonly string[],
  rest: string,
): string {
  const unit = value === 0 ? undefined : order.find((name) => value % (units[name] ?? 1) === 0);
  return `${value / (units[unit ?? rest] ?? 1)}${unit ?? rest}`;
}
