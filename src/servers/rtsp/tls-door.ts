/** RTSP over TLS: its listener, and the certificate, which is read again when its files change. */
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { ListenAddress, RtspTlsSettings } from '../../config/settings.ts';
import { WeirError } from '../../core/errors.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { readCertificate, type Certificate, type CertificateFiles } from '../../net/certificate.ts';
import { listenTls, type TlsListener } from '../../net/tls.ts';

export interface TlsDoorOptions {
  readonly settings: RtspTlsSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each connection; it calls `handle` on the pipe at once. */
  readonly accept: (pipe: BytePipe) => void;
  /** Told of each connection with which no TLS came to pass: scanners make many. */
  readonly failed: () => void;
}

/** Between two looks at the files. Looking follows links, which certbot and Kubernetes put in other places. */
export const CERTIFICATE_CHECK_MS = 10_000;

export class TlsDoor {
  readonly #options: TlsDoorOptions;
  readonly #listener: TlsListener;
  readonly #timer: Timer;
  #files: CertificateFiles;
  /** Of the files whose certificate is shown. */
  #stamp: string;
  /** Of those that could not be used, and why: said once. They are read again at each look, since who may read them is not in the stamp. */
  #refused = '';
  #checked: Promise<void> = Promise.resolve();
  /** Looks that were asked for and are not over: a disk that hangs gets no more of the timer's. */
  #looks = 0;
  #closed = false;

  /** Errors: `certificate-unusable`, `port-in-use`, `listen-refused`. */
  static async open(options: TlsDoorOptions): Promise<TlsDoor> {
    const { settings, log, accept } = options;
    const stamp = await stampOf(settings);
    const certificate = await readCertificate(settings);
    const failed = (peer: string, reason: string): void => {
      log.debug({ peer, reason, code: 'rtsp-malformed' }, 'No TLS came to pass with a peer of the RTSP port for TLS');
      options.failed();
    };
    const listener = await listenTls({ ...settings.listen, certificate, failed, accept });
    return new TlsDoor(options, listener, certificate, stamp);
  }

  private constructor(options: TlsDoorOptions, listener: TlsListener, certificate: Certificate, stamp: string) {
    this.#options = options;
    this.#files = options.settings;
    this.#listener = listener;
    this.#stamp = stamp;
    this.#timer = options.clock.every(CERTIFICATE_CHECK_MS, () => {
      if (this.#looks === 0) void this.check();
    });
    this.#say(certificate);
  }

  get address(): ListenAddress {
    return { host: this.#listener.host, port: this.#listener.port };
  }

  /** The configuration was read again. The address stays. */
  async apply(files: CertificateFiles): Promise<void> {
    this.#files = files;
    await this.check();
  }

  /** Takes up what changed in the files, once what was being looked at is. What cannot be used is said, and the former one stays. */
  check(): Promise<void> {
    this.#looks += 1;
    this.#checked = this.#checked.then(async () => {
      await this.#check();
      this.#looks -= 1;
    });
    return this.#checked;
  }

  /** A look that goes on is not waited for, since a disk may hang: nothing comes of it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer.cancel();
    await this.#listener.close();
  }

  async #check(): Promise<void> {
    const files = this.#files;
    const stamp = await stampOf(files);
    if (stamp === this.#stamp || this.#closed) return;
    try {
      const certificate = await readCertificate(files);
      if (this.#closed) return;
      this.#stamp = stamp;
      this.#refused = '';
      this.#listener.setCertificate(certificate);
      this.#say(certificate);
    } catch (error) {
      this.#refuse(error, files.certFile, stamp);
    }
  }

  /** Whatever it was: those who are connected go on, and the next look is not hindered. */
  #refuse(cause: unknown, certFile: string, stamp: string): void {
    const error =
      cause instanceof WeirError
        ? cause
        : new WeirError('certificate-unusable', String(cause), { place: certFile, cause });
    const { code, place, row } = error;
    const refused = `${stamp} ${error.describe()}`;
    if (refused === this.#refused) return;
    this.#refused = refused;
    this.#options.log.error({ code, place, remedy: row.remedy }, `The former certificate stays: ${error.describe()}`);
  }

  #say({ fingerprint, fromUtcMs, untilUtcMs }: Certificate): void {
    const { clock, log } = this.#options;
    const fields = { fingerprint, until: new Date(untilUtcMs).toISOString() };
    const nowMs = clock.utcMs();
    if (nowMs >= fromUtcMs && nowMs < untilUtcMs) log.info(fields, 'RTSP over TLS shows this certificate');
    else
      log.error({ ...fields, code: 'certificate-unusable' }, 'The certificate is not valid today: clients refuse it');
  }
}

/** Changes with the files; also where one of them is not there. */
async function stampOf({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const stamps = await Promise.all(
    [certFile, keyFile].map(async (file) => {
      try {
        const { ino, size, mtimeMs } = await stat(file);
        return `${file} ${ino} ${size} ${mtimeMs}`;
      } catch {
        return `${file} –`;
      }
    }),
  );
  return stamps.join(' ');
}
