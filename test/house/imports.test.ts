/** Imports go down only, and in no circle: the layers of docs/architecture.md as a table. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** What each room under src/ may import, besides itself. Siblings meet in the layer below. */
const core = ['core'];
const base = [...core, 'base'];
const below = { config: base, auth: [...base, 'config'], state: base };
const net = [...base, 'config', 'auth', 'state'];
const stream = [...net, 'net'];
const graph = [...stream, 'stream'];
const hls = [...graph, 'dvr', 'picture'];
const edges = [...hls, 'hls'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  base: core,
  ...below,
  net,
  stream,
  dvr: graph,
  picture: graph,
  hls,
  sources: edges,
  servers: edges,
  'banner.ts': graph,
  'app.ts': [...edges, 'sources', 'servers', 'banner.ts'],
  cli: [...edges, 'sources', 'servers', 'app.ts'],
  'main.ts': [...edges, 'sources', 'servers', 'app.ts', 'cli'],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Tests, their tables and their support stand beside the code and may look everywhere. */
const files = globSync('src/**/*.ts').filter((file) => !/\.(test|table|d)\.ts$|\/fake-[^/]*$/.test(file));
const imports = files.flatMap(importsOf);

test('the imports of src/ were read', () => {
  assert.ok(files.length > 50, `only ${files.length} files`);
  assert.ok(imports.length > 100, `only ${imports.length} imports`);
});

test('imports go down only', () => {
  const wrong = imports.filter(({ from, to }) => {
    const [source, target] = [roomOf(from), roomOf(to)];
    assert.ok(ALLOWED[source] !== undefined, `${from}: the room ${source} is not in the table`);
    return source !== target && !ALLOWED[source].includes(target);
  });
  assert.deepEqual(
    wrong.map(({ from, to }) => `${from} → ${to}`),
    [],
  );
});

test('no circle of imports, types included, within or between rooms', () => {
  const next = Map.groupBy(imports, ({ from }) => from);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const { to } of next.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

test('core imports nothing but core', () => {
  const outside = files
    .filter((file) => file.startsWith('src/core/'))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^(?:import|export)[^;]*?\bfrom\s+'([^'.][^']*)'/gm)].map(
        (match) => `${file}: ${match[1]}`,
      ),
    );
  assert.deepEqual(outside, []);
});

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(?:type\s)?[^;'"]*?from\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)|new URL\('(\.[^']+\.ts)'/g,
  );
  return [...found].map((match) => ({
    from: file,
    to: path.join(path.dirname(file), match[1] ?? match[2] ?? match[3] ?? ''),
  }));
}

/** The folder under src/, or the file itself if it stands there alone. */
function roomOf(file: string): string {
  return file.split('/')[1] ?? '';
}
