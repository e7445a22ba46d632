/** TLS as byte pipes: connecting, where the certificate is verified or is the one whose fingerprint was given; and listening. */
import { isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect, createServer, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { OldestFirst } from '../base/oldest-first.ts';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { TLS_MIN, type Certificate } from './certificate.ts';
import { hostPort, plainAddress } from './host-port.ts';
import { openSocket, type ConnectOptions } from './open-socket.ts';
import { SocketPipe } from './socket-pipe.ts';
import { startListening, type ListenOptions, type TcpListener } from './tcp.ts';

export interface TlsConnectOptions extends ConnectOptions {
  /** SHA-256 of the peer's certificate, in hexadecimal with or without colons; undefined: one that a known authority signed for `host`. */
  readonly fingerprint?: string | undefined;
}

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

/** A handshake that takes longer is none. */
export const HANDSHAKE_MS = 10_000;
/** Handshakes at a time; the oldest makes room for another. */
export const MAX_HANDSHAKES = 500;

export interface TlsListenOptions extends ListenOptions {
  readonly certificate: Certificate;
  /** Told of each connection that came to nothing, and why: half a sentence. */
  readonly failed: (remote: string, reason: string) => void;
}

export interface TlsListener extends TcpListener {
  /** For the connections that come from now on. */
  setCertificate(certificate: Certificate): void;
}

/** Errors: `port-in-use`, `listen-refused`. */
export async function listenTls(options: TlsListenOptions): Promise<TlsListener> {
  const { certificate, failed, accept } = options;
  const open = new Set<Socket>();
  /** By the peer's address and port, which is all that the secure socket has in common with it. */
  const shaking = new OldestFirst<string, Socket>(MAX_HANDSHAKES);
  const settings = { minVersion: TLS_MIN, handshakeTimeout: HANDSHAKE_MS } as const;
  const server = createServer({ ...settings, cert: certificate.cert, key: certificate.key });
  server.on('connection', (socket: Socket) => {
    const remote = remoteOf(socket);
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      if (shaking.get(remote) === socket) shaking.take(remote);
    });
    shaking.add(remote, socket)?.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    shaking.take(remoteOf(socket));
    accept(new SocketPipe(socket));
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    failed(remoteOf(socket), error.code ?? error.message);
    socket.destroy();
  });
  const listener = await startListening(server, options, open);
  const setCertificate = ({ cert, key }: Certificate): void => {
    server.setSecureContext({ minVersion: TLS_MIN, cert, key });
  };
  return { ...listener, setCertificate };
}

function remoteOf({ remoteAddress = 'gone', remotePort = 0 }: Socket): string {
  return hostPort(plainAddress(remoteAddress), remotePort);
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
