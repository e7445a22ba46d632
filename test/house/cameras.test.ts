/** The table of devices is true of the code: its places exist, and each row says what, what of it, and where. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
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
