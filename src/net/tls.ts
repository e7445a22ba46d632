/** TLS as byte pipes: connecting. The certificate is verified, or is the one whose fingerprint was given. */
import { isIP, type OnReadOpts } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { hostPort } from './host-port.ts';
import { openSocket, type ConnectOptions } from './open-socket.ts';

export interface TlsConnectOptions extends ConnectOptions {
  /** SHA-256 of the peer's certificate, in hexadecimal with or without colons; undefined: one that a known authority signed for `host`. */
  readonly fingerprint?: string | undefined;
}

const TLS_MIN = 'TLSv1.2';
/** Cameras make themselves certificates of 1024 bits; one whose fingerprint is known needs no strength. */
const PINNED_CIPHERS = 'DEFAULT:@SECLEVEL=0';

/**
 * Errors: those of `connectTcp`; `source-protocol` if there is no TLS; `source-certificate`, which says the fingerprint that was shown, if the
 * certificate is not the expected one.
 */
export function connectTls(options: TlsConnectOptions): Promise<BytePipe> {
  const { host, port, fingerprint } = options;
  return openSocket(options, {
    dial: (onread) => {
      // Node takes `onread` here as well; its types do not say so.
      const how: ConnectionOptions & { readonly onread: OnReadOpts } = {
        host,
        port,
        onread,
        minVersion: TLS_MIN,
        // Judged below, so that the error can say what was shown. Nothing is sent or read before.
        rejectUnauthorized: false,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(fingerprint === undefined ? {} : { ciphers: PINNED_CIPHERS }),
      };
      return connect(how);
    },
    ready: 'secureConnect',
    objection: (socket) => certificateObjection(socket, options),
  });
}

/** Without colons, in small letters. */
export function plainFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function certificateObjection(socket: TLSSocket, options: TlsConnectOptions): WeirError | undefined {
  const { host, port, fingerprint } = options;
  const shown = socket.getPeerCertificate().fingerprint256;
  if (fingerprint === undefined) {
    if (socket.authorized) return undefined;
    return objection(`The certificate is not trusted: ${String(socket.authorizationError)}`);
  }
  if (plainFingerprint(shown) === plainFingerprint(fingerprint)) return undefined;
  return objection('The certificate is another one', plainFingerprint(fingerprint));

  function objection(message: string, expected?: string): WeirError {
    const place = hostPort(host, port);
    const text = `${message}; the SHA-256 fingerprint of what was shown is ${shown}`;
    return new WeirError('source-certificate', text, { place, ...(expected !== undefined && { expected }) });
  }
}
