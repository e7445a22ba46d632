/**
 * An RTSP URL (RFC 2326 §3.2), as people write those of cameras: `rtsp://user:p@ss:word#1@host:port/path?query`.
 * User and password end at the last '@' before the path, and are percent-decoded once; path and query stay as they are.
 *
 *     rtsp:    in the clear
 *     rtsps:   over TLS
 *     rtspx:   over TLS, as UniFi's URLs are passed around (go2rtc); `enableSrtp` in the query of either is left out: we do not
 */
import { WeirError } from '../../errors.ts';
import type { Credentials } from '../digest/authorization.ts';

export interface RtspUrl {
  /** Lower case, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Over TLS. */
  readonly secure: boolean;
  readonly credentials: Credentials | undefined;
  /** What request lines name: without user and password, the rest as given. */
  readonly requestUrl: string;
}

const DEFAULT_PORT = 554;
/** RFC 7826 §22.12.2 */
const DEFAULT_TLS_PORT = 322;
const EXPECTED = 'rtsp://user:password@host:port/path, odd characters percent-encoded';

/**
 * `tunnelled`: it is reached through HTTP, whose port counts where the URL names none. Error: `source-url-invalid`, without a word of the URL
 * itself: it may be the password that is wrong.
 */
export function parseRtspUrl(text: string, tunnelled = false): RtspUrl | WeirError {
  const match = /^rtsp([sx]?):\/\/([^/?]*)(.*)$/is.exec(text.trim());
  if (match === null) return invalid('The URL does not begin with rtsp:// or rtsps://');
  const [, letter = '', authority = '', written = ''] = match;
  const secure = letter !== '';
  const path = secure ? withoutSrtp(written) : written;
  const at = authority.lastIndexOf('@');
  const hostAndPort = authority.slice(at + 1);
  const parts = /^(\[[0-9a-f:.%]+\]|[^[\]:\s]+)(?::(\d{1,5}))?$/i.exec(hostAndPort);
  const port = parts?.[2] === undefined ? defaultPort(secure, tunnelled) : Number(parts[2]);
  if (parts === null || port < 1 || port > 65535) return invalid('The URL has no usable host and port');
  if (/\s/.test(path)) return invalid('The path of the URL holds blanks');
  return {
    host: (parts[1] ?? '').replace(/^\[(.*)\]$/, '$1').toLowerCase(),
    port,
    secure,
    credentials: at < 0 ? undefined : parseUserinfo(authority.slice(0, at)),
    requestUrl: `rtsp${secure ? 's' : ''}://${hostAndPort}${path.startsWith('/') ? path : `/${path}`}`,
  };
}

function defaultPort(secure: boolean, tunnelled: boolean): number {
  if (tunnelled) return secure ? 443 : 80;
  return secure ? DEFAULT_TLS_PORT : DEFAULT_PORT;
}

/** `?enableSrtp` asks UniFi for encrypted packets inside the encrypted connection. */
function withoutSrtp(path: string): string {
  return path.replace(/([?&])enableSrtp(?:=[^&]*)?(?:&|$)/i, '$1').replace(/[?&]$/, '');
}

function parseUserinfo(userinfo: string): Credentials {
  const colon = userinfo.indexOf(':');
  if (colon < 0) return { user: percentDecode(userinfo), password: '' };
  return { user: percentDecode(userinfo.slice(0, colon)), password: percentDecode(userinfo.slice(colon + 1)) };
}

/** A '%' that begins no escape is itself: nobody who writes a password thinks of it. */
function percentDecode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

function invalid(message: string): WeirError {
  return new WeirError('source-url-invalid', message, { expected: EXPECTED });
}
