/** Unit tests take the same random numbers each time: what is green stays green, and what is red can be had again. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

test('no unit test draws a seed of its own', () => {
  const drawing = globSync('src/**/*.{test,table}.ts').filter((file) =>
    /Math\.random\(|\bnewSeed\b/.test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(drawing, []);
});
