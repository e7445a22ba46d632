import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { WeirError } from '../../errors.ts';
import { Base64Stream } from './base64-stream.ts';
import { HttpHeadReader, httpRequestStart, MAX_HTTP_HEAD_BYTES, parseHttpHead } from './http-head.ts';

const SEED = Number(process.env['WEIR_SEED'] ?? 20261124);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

test('whether HTTP begins here', () => {
  const table: [string, 'yes' | 'no' | 'more'][] = [
    ['', 'more'],
    ['G', 'more'],
    ['GET ', 'more'],
    ['GET /stream HTTP/1.0', 'yes'],
    ['POST /', 'yes'],
    ['GET http://camera/stream HTTP/1.1', 'yes'],
    ['GET_PARAMETER rtsp://', 'no'],
    ['GET rtsp://camera/ RTSP/1.0', 'no'],
    ['OPTIONS * RTSP/1.0', 'no'],
    ['$', 'no'],
  ];
  for (const [text, expected] of table) assert.equal(httpRequestStart(bytesOf(text)), expected, JSON.stringify(text));
});

const GET =
  'GET /lobby?start=gop HTTP/1.1\r\nHost: nvr\r\nx-sessioncookie: 7c2f\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n';

test('a head in pieces, cut anywhere; what follows it is given back', () => {
  for (let cut = 0; cut <= GET.length; cut++) {
    const reader = new HttpHeadReader();
    const whole = bytesOf(`${GET}b3B0`);
    const first = reader.push(whole.subarray(0, cut));
    const read = first === 'more' ? reader.push(whole.subarray(cut)) : first;
    assert.ok(read !== 'more' && !(read instanceof WeirError), `cut at ${cut}`);
    const { head, rest } = read;
    assert.equal(head.kind === 'request' && head.path, '/lobby?start=gop');
    assert.equal(head.headers.get('X-SessionCookie'), '7c2f');
    assert.equal(
      new TextDecoder().decode(rest),
      first === 'more' ? 'b3B0' : whole.subarray(GET.length, cut).length === 0 ? '' : 'b3B0'.slice(0, cut - GET.length),
    );
  }
});

test('heads that are none', () => {
  const table: [string, string][] = [
    ['HTTP/1.0 200 OK', '200'],
    ['HTTP/1.1 401', '401'],
    ['post / HTTP/1.0', 'POST /'],
    ['GET / RTSP/1.0', 'rtsp-malformed'],
    ['', 'rtsp-malformed'],
    [`GET / HTTP/1.0\r\n${'a: b\r\n'.repeat(200)}`, 'head-too-long'],
  ];
  for (const [text, expected] of table) assert.equal(codeOf(text), expected, text.slice(0, 40));
  const endless = new HttpHeadReader().push(new Uint8Array(MAX_HTTP_HEAD_BYTES + 1).fill(0x61));
  assert.equal(endless instanceof WeirError && endless.code, 'head-too-long');
});

test('base64 that is padded at every write and cut anywhere', () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 300; round++) {
    let text = '';
    const wanted: number[] = [];
    for (let writes = 1 + Math.floor(random() * 4); writes > 0; writes--) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 50) }, () => Math.floor(random() * 256));
      wanted.push(...bytes);
      text += Buffer.from(bytes).toString('base64') + (random() < 0.3 ? '\r\n' : '');
    }
    const stream = new Base64Stream();
    const cut = Math.floor(random() * (text.length + 1));
    const got = [...stream.push(bytesOf(text.slice(0, cut))), ...stream.push(bytesOf(text.slice(cut)))];
    assert.deepEqual(got, wanted, `WEIR_SEED=${SEED}, round ${round}`);
  }
});

/** What `text` is read as, in short. */
function codeOf(text: string): string {
  const head = parseHttpHead(text);
  if (head instanceof WeirError) return head.code;
  return head.kind === 'request' ? `${head.method} ${head.path}` : `${head.status}`;
}
