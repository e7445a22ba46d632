/**
 * Which URL a request is for (RFC 2326 appendix C.1.1), as devices mean it: base and control are joined as text, not by RFC 3986, since
 * Dahua's base ends in a query and the control goes after it (ret#9). The authority is always the one that we reached the device by:
 * behind NAT devices name another, some write IPv6-mapped or doubled ones (g2r#1852, mf#356).
 */
export interface BaseHeaders {
  readonly contentBase: string | undefined;
  readonly contentLocation: string | undefined;
}

/**
 * The base of all controls: Content-Base, Content-Location or the request's URL, in turn. One that names another host counts only if it
 * goes on from the requested path. `requestUrl` has no user and password.
 */
export function baseUrl(requestUrl: string, headers: BaseHeaders): string {
  const request = splitUrl(requestUrl);
  if (request === undefined) return requestUrl;
  for (const header of [headers.contentBase, headers.contentLocation]) {
    const path = header === undefined ? undefined : credibleBase(header.trim(), request);
    if (path !== undefined) return request.origin + path;
  }
  return requestUrl;
}

/** The URL of a track, or with the session's control that of the whole. */
export function controlUrl(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base;
  const own = splitUrl(base);
  const absolute = splitUrl(control);
  if (own === undefined) return absolute === undefined ? joinText(base, control) : control;
  if (absolute !== undefined) return own.origin + absolute.path;
  // The base's path repeated (mtx#683), or a leading slash of no meaning (gsl#625).
  const path = own.path.replace(/\/$/, '');
  if (control.startsWith('/') && path !== '' && (control === path || control.startsWith(`${path}/`)))
    return own.origin + control;
  return joinText(base, control);
}

interface SplitUrl {
  /** 'rtsp://host:port' */
  readonly origin: string;
  /** Lower case, without port. */
  readonly host: string;
  /** With its query, as sent; '' or from '/' on. */
  readonly path: string;
}

/** Undefined for what has no scheme. A doubled scheme counts once. */
function splitUrl(url: string): SplitUrl | undefined {
  const match = /^(?:rtsps?:\/\/)*(rtsps?:\/\/)([^/?]*)(.*)$/is.exec(url);
  if (match === null) return undefined;
  const [, scheme = '', authority = '', rest = ''] = match;
  const hostAndPort = authority.slice(authority.lastIndexOf('@') + 1);
  const path = rest === '' || rest.startsWith('/') ? rest : `/${rest}`;
  return { origin: scheme + hostAndPort, host: hostOf(hostAndPort), path };
}

/** Without port and brackets; IPv6-mapped IPv4, with or without brackets, is IPv4. */
function hostOf(hostAndPort: string): string {
  const lower = hostAndPort.toLowerCase();
  const mapped = /^\[?::ffff:(\d+\.\d+\.\d+\.\d+)/.exec(lower);
  if (mapped?.[1] !== undefined) return mapped[1];
  return lower.startsWith('[') ? lower.slice(1).replace(/\].*$/, '') : lower.replace(/:\d*$/, '');
}

/** The path to use of what a header says; undefined if it is not to be believed. */
function credibleBase(header: string, request: SplitUrl): string | undefined {
  const base = splitUrl(header);
  if (base === undefined) return header.startsWith('/') ? header : schemeLess(header, request);
  const goesOn = base.path === request.path || (request.path.length > 1 && base.path.startsWith(request.path));
  return base.host === request.host || goesOn ? base.path : undefined;
}

/** `192.0.2.1:554/path/`: believed if the path goes on from ours. */
function schemeLess(header: string, request: SplitUrl): string | undefined {
  const slash = header.indexOf('/');
  const path = slash < 0 ? '' : header.slice(slash);
  return request.path.length > 1 && path.startsWith(request.path) ? path : undefined;
}

function joinText(base: string, control: string): string {
  if (control.startsWith('?')) return base + control;
  return `${base.replace(/\/$/, '')}/${control.replace(/^\//, '')}`;
}
