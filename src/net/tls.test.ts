import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createServer, type SecureVersion, type TLSSocket } from 'node:tls';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import type { BytePipe } from './byte-pipe.ts';
import { readCertificate } from './certificate.ts';
import { connectTcp } from './tcp.ts';
import { connectTls, listenTls, MAX_HANDSHAKES, plainFingerprint } from './tls.ts';

const FIXTURES = join(import.meta.dirname, '../../test/fixtures/tls');
const pem = (name: string): string => readFileSync(join(FIXTURES, `${name}.pem`), 'utf8');

test('a certificate whose fingerprint is known is taken, and no other', async (context) => {
  for (const [cert, key] of [
    ['cert', 'key'],
    ['expired-cert', 'key'],
    ['weak-cert', 'weak-key'],
  ] as const) {
    const camera = await serve(context, { cert: pem(cert), key: pem(key), ciphers: 'DEFAULT:@SECLEVEL=0' });
    const shown = await fingerprintOf(camera.port);
    for (const fingerprint of [shown, plainFingerprint(shown), shown.toLowerCase()]) {
      const pipe = await connectTo(camera.port, fingerprint);
      const heard = new Promise<string>((resolve) =>
        pipe.handle({ data: (chunk) => resolve(Buffer.from(chunk).toString()), drain: () => {}, close: () => {} }),
      );
      pipe.write([Buffer.from('a'), Buffer.from('b')]);
      assert.equal(await heard, 'ab');
      assert.equal(pipe.remote, `127.0.0.1:${camera.port}`);
      pipe.destroy();
    }
    await assert.rejects(connectTo(camera.port, '00'.repeat(32)), (error) => {
      assert.ok(error instanceof WeirError && error.code === 'source-certificate');
      assert.ok(error.message.includes(shown), error.message);
      return true;
    });
  }
});

test('without a fingerprint nobody who signed for himself is believed; the error says what to write', async (context) => {
  const camera = await serve(context, { cert: pem('cert'), key: pem('key') });
  await assert.rejects(connectTo(camera.port), {
    code: 'source-certificate',
    message: /^The certificate is not trusted: DEPTH_ZERO_SELF_SIGNED_CERT; .* is (?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/,
    place: `127.0.0.1:${camera.port}`,
  });
});

test('a peer that speaks no TLS, or an old one, is source-protocol', async (context) => {
  const plain = createTcpServer((socket) => socket.on('error', () => {}).end('RTSP/1.0 400 Bad Request\r\n\r\n'));
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  context.after(() => plain.close());
  const { port } = plain.address() as AddressInfo;
  await assert.rejects(connectTo(port), { code: 'source-protocol', expected: 'TLS 1.2 or later' });
  const maxVersion: SecureVersion = 'TLSv1.1';
  const old = await serve(context, {
    cert: pem('cert'),
    key: pem('key'),
    minVersion: 'TLSv1',
    maxVersion,
    ciphers: 'DEFAULT:@SECLEVEL=0',
  });
  await assert.rejects(connectTo(old.port, '00'), { code: 'source-protocol' });
});

test('a listener speaks TLS 1.2 and later, and takes up another certificate', async () => {
  const failures: string[] = [];
  const listener = await listenTls({
    host: '127.0.0.1',
    port: 0,
    certificate: await readCertificate(files('cert', 'key')),
    failed: (remote, reason) => void failures.push(`${remote.replace(/\d+$/, '')} ${reason}`),
    accept: (pipe) => {
      pipe.handle({ data: (chunk) => pipe.write(Buffer.from(chunk)), drain: () => {}, close: () => {} });
    },
  });
  const shown = await fingerprintOf(listener.port);
  assert.equal(shown, (await readCertificate(files('cert', 'key'))).fingerprint);
  const pipe = await connectTo(listener.port, shown);
  const closed = new Promise<void>((resolve) =>
    pipe.handle({ data: () => {}, drain: () => {}, close: () => resolve() }),
  );
  listener.setCertificate(await readCertificate(files('expired-cert', 'key')));
  assert.notEqual(await fingerprintOf(listener.port), shown);
  const plain = await connectPlain(listener.port);
  plain.pipe.write(Buffer.from('OPTIONS * RTSP/1.0\r\n\r\n'));
  await plain.closed;
  assert.match(failures.at(-1) ?? '', /^127\.0\.0\.1: ERR_SSL/);
  assert.equal(pipe.closed, false);
  await listener.close();
  await closed;
});

test('handshakes that do not go on make room for others', async () => {
  const listener = await listenTls({
    host: '127.0.0.1',
    port: 0,
    certificate: await readCertificate(files('cert', 'key')),
    failed: () => {},
    accept: () => {},
  });
  const first = await Promise.all(Array.from({ length: 50 }, () => connectPlain(listener.port)));
  const others = await Promise.all(Array.from({ length: MAX_HANDSHAKES }, () => connectPlain(listener.port)));
  await Promise.all(first.map(({ closed }) => closed));
  assert.equal(others.filter(({ pipe }) => pipe.closed).length, 0);
  await listener.close();
});

test('which certificates cannot be used', async () => {
  for (const [cert, key, message, place] of [
    ['nowhere', 'key', 'The file cannot be read (ENOENT)', 'nowhere.pem'],
    ['cert', 'nowhere', 'The file cannot be read (ENOENT)', 'nowhere.pem'],
    ['key', 'key', 'There is no certificate in PEM in the file', 'key.pem'],
    ['cert', 'cert', 'There is no private key in PEM, or one with a password in the file', 'cert.pem'],
    ['cert', 'weak-key', 'The key does not belong to the certificate', 'weak-key.pem'],
  ] as const) {
    await assert.rejects(readCertificate(files(cert, key)), {
      code: 'certificate-unusable',
      message,
      place: join(FIXTURES, place),
    });
  }
  await assert.rejects(readCertificate(files('weak-cert', 'weak-key')), {
    code: 'certificate-unusable',
    message: /^TLS cannot use the certificate: .*key too small/,
    place: join(FIXTURES, 'weak-cert.pem'),
  });
  const expired = await readCertificate(files('expired-cert', 'key'));
  assert.equal(new Date(expired.untilUtcMs).toISOString(), '2020-02-01T00:00:00.000Z');
});

function files(cert: string, key: string): { readonly certFile: string; readonly keyFile: string } {
  return { certFile: join(FIXTURES, `${cert}.pem`), keyFile: join(FIXTURES, `${key}.pem`) };
}

async function connectPlain(port: number): Promise<{ readonly pipe: BytePipe; readonly closed: Promise<void> }> {
  const { signal } = new AbortController();
  const pipe = await connectTcp({ host: '127.0.0.1', port, timeoutMs: 1000, clock: new ManualClock(), signal });
  const closed = new Promise<void>((resolve) =>
    pipe.handle({ data: () => {}, drain: () => {}, close: () => resolve() }),
  );
  return { pipe, closed };
}

function connectTo(port: number, fingerprint?: string): Promise<BytePipe> {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  return connectTls({ host: '127.0.0.1', port, fingerprint, timeoutMs: 1000, clock, signal });
}

async function fingerprintOf(port: number): Promise<string> {
  const error = await connectTo(port, '00').catch((failure: unknown) => failure);
  return /[0-9A-F:]{95}$/.exec(error instanceof WeirError ? error.message : '')?.[0] ?? '';
}

/** Says back what it hears. */
async function serve(
  context: TestContext,
  options: Parameters<typeof createServer>[0],
): Promise<{ readonly port: number }> {
  const open = new Set<TLSSocket>();
  const server = createServer(options, (socket) => {
    open.add(socket);
    socket.on('error', () => {}).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}
