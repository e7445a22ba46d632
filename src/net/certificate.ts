/** The certificate of a TLS server, from its files, proved to be one before it is used. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { WeirError } from '../core/errors.ts';

/** The oldest protocol that is spoken. */
export const TLS_MIN = 'TLSv1.2';

export interface CertificateFiles {
  /** Absolute paths of PEM files: the certificate and, after it, the chain that leads to a known authority. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** SHA-256, as people write it: AA:BB:… */
  readonly fingerprint: string;
  readonly fromUtcMs: number;
  readonly untilUtcMs: number;
}

/** Errors: `certificate-unusable`, with the file that is to blame. An expired one is read: it is for the caller to say so. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = [await contents(certFile), await contents(keyFile)];
  const parsed = parsing(certFile, 'no certificate in PEM', () => new X509Certificate(cert));
  const privateKey = parsing(keyFile, 'no private key in PEM, or one with a password', () => createPrivateKey(key));
  if (!parsed.checkPrivateKey(privateKey)) {
    throw new WeirError('certificate-unusable', 'The key does not belong to the certificate', { place: keyFile });
  }
  proveForTls(certFile, cert, key);
  const { fingerprint256, validFromDate, validToDate } = parsed;
  const [fromUtcMs, untilUtcMs] = [validFromDate.getTime(), validToDate.getTime()];
  return { cert, key, fingerprint: fingerprint256, fromUtcMs, untilUtcMs };
}

/** What is left: the chain after the first certificate, which may be written only half so far, and keys that are too short. */
function proveForTls(place: string, cert: Buffer, key: Buffer): void {
  try {
    createSecureContext({ cert, key, minVersion: TLS_MIN });
  } catch (cause) {
    const { message } = cause as Error;
    throw new WeirError('certificate-unusable', `TLS cannot use the certificate: ${message}`, { place, cause });
  }
}

async function contents(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new WeirError('certificate-unusable', `The file cannot be read (${code})`, { place: file, cause });
  }
}

function parsing<T>(file: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new WeirError('certificate-unusable', `There is ${what} in the file`, { place: file, cause });
  }
}
