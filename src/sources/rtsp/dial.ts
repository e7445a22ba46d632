/**
 * Opens a connection to a source, of the kind that its settings and its URL name.
 *
 *     rtsp://            TCP          rtsp:// with transport: http     RTSP in HTTP, on the URL's port or 80
 *     rtsps://, rtspx:// TLS          rtsps:// with transport: http    RTSP in HTTPS, on the URL's port or 443
 */
import type { SourceSettings } from '../../config/settings.ts';
import type { WeirError } from '../../core/errors.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import { ClientLogin } from '../../core/rtsp/client/client-login.ts';
import { parseRtspUrl, type RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { hostPort } from '../../net/host-port.ts';
import { connectHttpTunnel } from '../../net/http-tunnel.ts';
import type { ConnectOptions } from '../../net/open-socket.ts';
import { connectTcp } from '../../net/tcp.ts';
import { connectTls } from '../../net/tls.ts';

export type DialOptions = Pick<ConnectOptions, 'timeoutMs' | 'clock' | 'signal'>;

/** Errors: those of net/tcp, net/tls and net/http-tunnel. */
export type Dial = (url: RtspUrl, options: DialOptions) => Promise<BytePipe>;

export interface DialSettings {
  readonly settings: Pick<RtspSettings, 'transport' | 'fingerprint'>;
  readonly userAgent: string;
  readonly hash: Hash;
  /** Unguessable: letters and digits. */
  readonly nonce: () => string;
}

type RtspSettings = SourceSettings & { readonly kind: 'rtsp' };

/** Where a source is, by its settings. Error: `source-url-invalid`. */
export function sourceUrl({ url, transport }: Pick<RtspSettings, 'url' | 'transport'>): RtspUrl | WeirError {
  const written = transport === 'tls' ? url.trim().replace(/^rtsp:/i, 'rtsps:') : url;
  return parseRtspUrl(written, transport === 'http');
}

export function dialFor(dialSettings: DialSettings): Dial {
  const { transport, fingerprint } = dialSettings.settings;
  const direct: Dial = ({ host, port, secure }, options) =>
    secure ? connectTls({ host, port, ...options, fingerprint }) : connectTcp({ host, port, ...options });
  return transport === 'http' ? (url, options) => dialTunnel(url, options, direct, dialSettings) : direct;
}

function dialTunnel(url: RtspUrl, options: DialOptions, direct: Dial, dialSettings: DialSettings): Promise<BytePipe> {
  const { userAgent, hash, nonce } = dialSettings;
  const path = url.requestUrl.replace(/^rtsps?:\/\/[^/]*/i, '');
  return connectHttpTunnel({
    connect: () => direct(url, options),
    host: hostPort(url.host, url.port),
    path,
    userAgent,
    cookie: nonce(),
    login: new ClientLogin({ hash, nonce }, url.credentials),
    ...options,
  });
}
