import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  constants,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { settled } from '../../../test/harness/settled.ts';
import { House } from './fake-house.ts';
import { Peer } from './fake-peer.ts';
import { batchOf } from './fake-stream.ts';
import { CERTIFICATE_CHECK_MS } from './tls-door.ts';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/tls');
const UDP = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };

describe('RTSP through HTTP', () => {
  it('is the same as without, media and all', async () => {
    await using house = await House.open();
    const peer = await tunnel(house);
    const reply = await peer.play([0]);
    assert.equal(reply.status, 200);
    house.yard.deliver(batchOf(0, 5, true));
    assert.equal((await peer.take(2))[1]?.payload.readUInt32BE(4), 5);
    assert.equal(house.server.sessions()[0]?.kind, 'reader');
    // The tunnel's two connections are one.
    assert.equal(house.server.connections.open, 1);
    assert.equal((await peer.ask('TEARDOWN')).status, 200);
  });

  it('has no datagrams', async () => {
    await using house = await House.open();
    assert.equal((await (await tunnel(house)).ask('SETUP', '/trackID=0', UDP)).status, 461);
  });

  it('a method that begins like GET is RTSP, however its bytes come', async () => {
    await using house = await House.open();
    const peer = house.peer();
    const request = `GET_PARAMETER ${peer.base} RTSP/1.0\r\nCSeq: 1\r\n\r\n`;
    for (const piece of ['G', 'ET', request.slice(3)]) {
      peer.socket.write(piece);
      await house.peer().ask('OPTIONS');
    }
    assert.equal((await peer.reply()).status, 200);
  });
});

describe('RTSP over TLS', () => {
  it('serves what goes inside the connection, and no datagrams', async (context) => {
    await using house = await tlsHouse(context);
    const peer = overTls(house);
    assert.equal((await peer.play([0])).status, 200);
    house.yard.deliver(batchOf(0, 5, true));
    assert.equal((await peer.take(2))[1]?.payload.readUInt32BE(4), 5);
    assert.equal((await overTls(house).ask('SETUP', '/trackID=0', UDP)).status, 461);
    assert.equal(house.log.lines.find(({ fields }) => 'fingerprint' in fields)?.message, SHOWN);
  });

  it('takes up a certificate whose files changed; one that cannot be used it names and does not', async (context) => {
    await using house = await tlsHouse(context);
    const { folder } = house;
    const said = (): readonly string[] =>
      house.log.lines.filter(({ fields }) => 'fingerprint' in fields || 'place' in fields).map((line) => line.message);
    await house.server.checkCertificate();
    assert.deepEqual(said(), [SHOWN]);
    copyFileSync(join(FIXTURES, 'weak-cert.pem'), join(folder, 'cert.pem'));
    house.clock.advance(CERTIFICATE_CHECK_MS);
    await house.server.checkCertificate();
    assert.match(said()[1] ?? '', /^The former certificate stays: The key does not belong .*key\.pem$/);
    assert.equal((await overTls(house).ask('OPTIONS')).status, 200);
    copyFileSync(join(FIXTURES, 'expired-cert.pem'), join(folder, 'cert.pem'));
    await house.server.applyCertificate({ certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') });
    assert.equal(said()[2], 'The certificate is not valid today: clients refuse it');
    assert.equal((await overTls(house).ask('OPTIONS')).status, 200);
  });

  it('outlives a chain that is written only half so far, and takes it up once it is whole', async (context) => {
    await using house = await tlsHouse(context);
    const file = join(house.folder, 'cert.pem');
    const another = readFileSync(join(FIXTURES, 'expired-cert.pem'), 'utf8');
    const said = (): string => house.log.lines.at(-1)?.message ?? '';
    appendFileSync(file, another.slice(0, 300));
    await house.server.checkCertificate();
    assert.match(said(), /^The former certificate stays: TLS cannot use the certificate: .*cert\.pem$/);
    appendFileSync(file, another.slice(300));
    await house.server.checkCertificate();
    assert.equal(said(), SHOWN);
    assert.equal((await overTls(house).ask('OPTIONS')).status, 200);
  });

  it('what could not be read is read again, though the file looks as it did, and said once', async (context) => {
    await using house = await tlsHouse(context);
    const file = join(house.folder, 'cert.pem');
    const renewed = readFileSync(join(FIXTURES, 'cert.pem'), 'utf8').replace(/\n?$/, '\n\n');
    const before = house.log.lines.length;
    const said = (): readonly string[] => house.log.lines.slice(before).map(({ message }) => message);
    // As one that only its owner may read, which is changed without a trace in time, size or name.
    for (const text of ['x'.repeat(renewed.length), renewed]) {
      writeFileSync(file, text);
      utimesSync(file, 1000, 1000);
      for (let look = 0; look < 2; look++) await house.server.checkCertificate();
    }
    assert.match(said()[0] ?? '', /^The former certificate stays: /);
    assert.deepEqual(said().slice(1), [SHOWN]);
  });

  it('a disk that hangs gets no more looks of the timer', async (context) => {
    await using house = await tlsHouse(context);
    const { folder } = house;
    const [file, hanging, next] = [join(folder, 'cert.pem'), join(folder, 'hanging'), join(folder, 'next')];
    assert.equal(spawnSync('mkfifo', [hanging, next]).status, 0);
    renameSync(hanging, file);
    using atEnd = new DisposableStack();
    atEnd.defer(() => [file, hanging].forEach(letGo));
    for (let look = 0; look < 3; look++) house.clock.advance(CERTIFICATE_CHECK_MS);
    let writer = -1;
    await settled(() => (writer = openedForWriting(file)) >= 0, 'a look that hangs', DISK_MS);
    // Who looked once more would hang at this one.
    renameSync(file, hanging);
    renameSync(next, file);
    writeFileSync(writer, 'no certificate');
    closeSync(writer);
    await settled(() => house.log.lines.at(-1)?.level === 'error', 'a refusal', DISK_MS);
    for (let i = 0; i < 3; i++) assert.equal((await overTls(house).ask('OPTIONS')).status, 200);
    assert.equal(letGo(file), false, 'another look began meanwhile');
  });

  it('counts those with whom no TLS comes to pass, and does not tell of each', async (context) => {
    await using house = await tlsHouse(context);
    const before = house.log.lines.length;
    const scanner = connect(house.server.tlsAddress?.port ?? 0, '127.0.0.1');
    scanner.on('error', () => {}).write('GET / HTTP/1.1\r\n\r\n');
    await once(scanner.resume(), 'close');
    const counts: [unknown, number][] = [];
    house.server.readMetrics({ set: (name, labels, value) => void counts.push([{ name, ...labels }, value]) });
    assert.deepEqual(
      counts.filter(([key]) => JSON.stringify(key).includes('closed_connections')),
      [[{ name: 'weir_rtsp_closed_connections_total', reason: 'rtsp-malformed' }, 1]],
    );
    assert.deepEqual(
      house.log.lines.slice(before).map(({ level }) => level),
      ['debug'],
    );
  });

  it('does not begin without a certificate, and leaves nothing open', async () => {
    const files = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' };
    await assert.rejects(House.open({ kind: 'open' }, { tls: { listen: { host: '127.0.0.1', port: 0 }, ...files } }), {
      code: 'certificate-unusable',
      place: files.certFile,
    });
  });
});

/** A pipe that has a name; -1 if nobody reads it. */
function openedForWriting(file: string): number {
  try {
    return openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return -1;
  }
}

/** Whether somebody waits to read the pipe: he reads its end. */
function letGo(pipe: string): boolean {
  const writer = openedForWriting(pipe);
  if (writer >= 0) closeSync(writer);
  return writer >= 0;
}

/** What goes through the disk's threads comes when they are free. */
const DISK_MS = 10_000;
const SHOWN = 'RTSP over TLS shows this certificate';

async function tlsHouse(context: TestContext): Promise<House & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-tls-'));
  context.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['cert.pem', 'key.pem']) copyFileSync(join(FIXTURES, name), join(folder, name));
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  const house = await House.open({ kind: 'open' }, { tls: { listen: { host: '127.0.0.1', port: 0 }, ...files } });
  return Object.assign(house, { folder });
}

function overTls(house: House): Peer {
  const port = house.server.tlsAddress?.port ?? 0;
  return house.add(new Peer(port, 'yard', connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })));
}

let cookies = 0;

/** What is said goes through a POST in base64, as QuickTime, GStreamer and FFmpeg do it. */
async function tunnel(house: House): Promise<Peer> {
  const { port } = house.server.address;
  const head = (method: string): string => `${method} /yard HTTP/1.0\r\nx-sessioncookie: c${cookies}\r\n\r\n`;
  cookies += 1;
  const get = connect(port, '127.0.0.1');
  get.write(head('GET'));
  const [opened] = await once(get, 'data');
  assert.match(String(opened), /^HTTP\/1\.0 200 OK\r\n/);
  const post = connect(port, '127.0.0.1');
  post.write(head('POST'));
  get.once('close', () => post.destroy());
  return house.add(new Peer(port, 'yard', get, (bytes) => post.write(Buffer.from(bytes).toString('base64'))));
}
