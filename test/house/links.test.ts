/** Every relative link in a page leads somewhere. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

test('links in the pages lead to files', () => {
  const pages = globSync(['*.md', 'docs/**/*.md']);
  const links = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      (match) => [page, match[1] ?? ''] as const,
    ),
  );
  assert.ok(pages.length > 10 && links.length > 30, `only ${links.length} links in ${pages.length} pages`);
  const dead = links.filter(([page, link]) => !existsSync(path.join(path.dirname(page), link)));
  assert.deepEqual(dead, []);
});
