/**
 * Bytes that are kept are copied with `new Uint8Array(bytes)`. `slice()` copies only what is no Buffer: of a Buffer, as sockets give them, it is a
 * view, which holds the whole of what was received.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

/** What `slice` is called on in src/core, by name: texts and lists, and what a call returned. Bytes have no place here. */
const TEXTS = [
  'authority',
  'clean',
  'header',
  'line',
  'lower',
  'part',
  'reason',
  'text',
  'trimmed',
  'userinfo',
  'value',
];
const LISTS = ['#open', '#ways', 'match', 'reports', 'sample', 'version'];
const ALLOWED = new Set([...TEXTS, ...LISTS, ')']);

test('nothing in src/core copies bytes with slice()', () => {
  const files = globSync('src/core/**/*.ts').filter((file) => !/\.(test|table|d)\.ts$|\/fake-[^/]*$/.test(file));
  const sliced = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/([\w#]+|[^\w\s])\s*\??\.slice\(/g)].map(([, name = '']) => ({
      file,
      name,
    })),
  );
  assert.ok(sliced.length > 20, `only ${sliced.length} calls were found`);
  assert.deepEqual(
    sliced.filter(({ name }) => !ALLOWED.has(name)),
    [],
  );
});
