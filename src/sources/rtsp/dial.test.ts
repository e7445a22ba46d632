import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import type { SourceTransport } from '../../config/settings.ts';
import { WeirError } from '../../core/errors.ts';
import { digestHa1, parseAuthorization, verifyDigest } from '../../core/rtsp/digest/authorization.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { readCertificate } from '../../net/certificate.ts';
import { TunnelDoor } from '../../net/http-tunnel-door.ts';
import { listenTcp } from '../../net/tcp.ts';
import { listenTls } from '../../net/tls.ts';
import { dialFor, sourceUrl } from './dial.ts';
import { hash, LOGIN, LOGIN_TEXT } from './fake-camera.ts';

const FIXTURES = path.join(import.meta.dirname, '../../../test/fixtures/tls');
const FILES = { certFile: path.join(FIXTURES, 'cert.pem'), keyFile: path.join(FIXTURES, 'key.pem') };
const HOST = '127.0.0.1';
const CHALLENGE = 'HTTP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm="axis", nonce="n1", qop="auth"\r\n\r\n';

/** The other end: greets each pipe that it gets, through a tunnel or not. */
class Far {
  readonly heads: string[] = [];
  readonly #door = new TunnelDoor({ clock: new ManualClock(), accept: greet });

  /** What begins as HTTP is the half of a tunnel, and wants a login. */
  readonly accept = (pipe: BytePipe): void => {
    pipe.handle({
      data: (chunk) => {
        const head = Buffer.from(chunk).toString('latin1');
        this.heads.push(head.split('\r\n')[0] ?? '');
        if (!/^(GET|POST) /.test(head)) greet(pipe);
        else if (this.#allowed(head)) this.#door.take(pipe, chunk);
        else refuse(pipe);
      },
      drain: () => {},
      close: () => {},
    });
  };

  #allowed(head: string): boolean {
    const given = parseAuthorization(/^Authorization: (.*)$/m.exec(head)?.[1]?.trim() ?? '');
    if (given?.scheme !== 'digest' || given.uri !== '/axis-media/media.amp?x=1') return false;
    const method = head.split(' ')[0] ?? '';
    return verifyDigest(given, method, digestHa1({ ...LOGIN, realm: 'axis' }, 'MD5', hash), hash);
  }
}

function greet(pipe: BytePipe): void {
  pipe.write(Buffer.from('hello'));
}

/** And closes, as Axis does. */
function refuse(pipe: BytePipe): void {
  pipe.write(Buffer.from(CHALLENGE));
  pipe.close();
}

/** Dials, says something, and resolves with what is heard; or with the error's code. */
async function dialled(url: string, transport: SourceTransport, fingerprint?: string): Promise<string> {
  const where = sourceUrl({ url, transport });
  assert.ok(!(where instanceof WeirError));
  const dial = dialFor({ settings: { transport, fingerprint }, userAgent: 'weir', hash, nonce: () => 'c0ffee' });
  const { signal } = new AbortController();
  let pipe: BytePipe;
  try {
    pipe = await dial(where, { timeoutMs: 10_000, clock: new ManualClock(), signal });
  } catch (error) {
    return error instanceof WeirError ? error.code : String(error);
  }
  const { promise, resolve } = Promise.withResolvers<string>();
  pipe.handle({ data: (chunk) => resolve(Buffer.from(chunk).toString()), drain: () => {}, close: () => resolve('') });
  if (transport !== 'http') pipe.write(Buffer.from('OPTIONS'));
  const heard = await promise;
  pipe.destroy();
  return heard;
}

describe('a source is dialled', () => {
  const target = '/axis-media/media.amp?x=1';
  const tunnel = [`GET ${target} HTTP/1.0`, `GET ${target} HTTP/1.0`, `POST ${target} HTTP/1.0`];

  it('over TCP, and through HTTP with Digest, where a 401 closes (Axis)', async () => {
    const far = new Far();
    const listener = await listenTcp({ host: HOST, port: 0, accept: far.accept });
    const place = `${HOST}:${listener.port}${target}`;
    assert.equal(await dialled(`rtsp://${place}`, 'auto'), 'hello');
    assert.equal(await dialled(`rtsp://${LOGIN_TEXT}@${place}`, 'http'), 'hello');
    assert.deepEqual(far.heads, ['OPTIONS', ...tunnel]);
    assert.equal(await dialled(`rtsp://who:else@${place}`, 'http'), 'source-unauthorized');
    assert.equal(await dialled(`rtsp://${place}`, 'http'), 'source-unauthorized');
    await listener.close();
  });

  it('over TLS with the fingerprint, whatever the URL begins with, and through HTTP in it', async () => {
    const far = new Far();
    const certificate = await readCertificate(FILES);
    const listener = await listenTls({ host: HOST, port: 0, certificate, failed: () => {}, accept: far.accept });
    const place = `${HOST}:${listener.port}${target}`;
    assert.equal(await dialled(`rtsps://${place}`, 'auto'), 'source-certificate');
    assert.equal(
      await dialled(`rtsps://${place}`, 'auto', certificate.fingerprint.replace(/^../, '00')),
      'source-certificate',
    );
    assert.equal(await dialled(`rtsps://${place}`, 'auto', certificate.fingerprint), 'hello');
    assert.equal(await dialled(`rtspx://${place}`, 'tcp', certificate.fingerprint), 'hello');
    assert.equal(await dialled(`rtsp://${place}`, 'tls', certificate.fingerprint), 'hello');
    assert.equal(await dialled(`rtsps://${LOGIN_TEXT}@${place}`, 'http', certificate.fingerprint), 'hello');
    assert.deepEqual(far.heads.slice(-3), tunnel);
    await listener.close();
  });
});
