/** Pages that are generated say what the code says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseSettings } from '../../src/config/load-settings.ts';
import { CHECKOUT, DOCUMENTS } from './docs/documents.ts';
import { renderExample } from './docs/render-example.ts';

test('generated pages are as the code is: npm run docs', () => {
  for (const [file, render] of Object.entries(DOCUMENTS)) {
    assert.equal(readFileSync(path.join(CHECKOUT, file), 'utf8'), render(), file);
  }
});

test('weir.example.yml works as it is, and with everything in it', () => {
  const origin = { env: {}, folder: '/' };
  const asItIs = parseSettings({ path: '/weir.yml', text: renderExample() }, origin);
  assert.equal(asItIs.access.kind, 'local');
  const everything = parseSettings({ path: '/weir.yml', text: renderExample(true) }, origin);
  assert.equal(everything.access.kind, 'users');
  assert.deepEqual([...everything.streams.keys()], ['lobby', 'lobby/low', 'yard', 'drone/*', 'demo', 'loop']);
});
