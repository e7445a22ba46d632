/** The table of devices is true of the code: its places exist, each row says what, what of it, and where, and tests name what it goes by. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

test('rows of docs/cameras.md lead to code', () => {
  const lines = readFileSync('docs/cameras.md', 'utf8').split('\n');
  const rows = lines
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.endsWith('| where |'))
    .map((line) => line.split('|').slice(1, -1));
  assert.ok(rows.length > 70, `only ${rows.length} rows`);
  for (const row of rows) {
    const [device = '', , , where = ''] = row;
    assert.ok(row.length === 4 && row.every((cell) => cell.trim() !== ''), `${device}: ${row.length} cells`);
    const places = [...where.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place);
    assert.ok(places.length > 0, device);
    for (const place of places) assert.ok(existsSync(`src/${place}`), `${device.trim()}: there is no src/${place}`);
  }
});

test('each issue that docs/cameras.md names is named by a test', () => {
  const tests = globSync('{src,test}/**/*.{test,table}.ts').map((file) => readFileSync(file, 'utf8'));
  const tested = new Set(tests.flatMap((text) => [...text.matchAll(/#\d+/g)].map(([issue]) => issue)));
  const named = readFileSync('docs/cameras.md', 'utf8').matchAll(/#\d+/g);
  assert.deepEqual(
    [...named].map(([issue]) => issue).filter((issue) => !tested.has(issue)),
    [],
  );
});
