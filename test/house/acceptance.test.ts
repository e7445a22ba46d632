/** The table of what has to hold is true of the tests: each number is there, and each test that it names exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const NUMBERS = Array.from({ length: 25 }, (_, index) => String(index + 1));
/** What a name may stand between in the code. */
const QUOTES = ["'", '"', '`'];

test('rows of docs/acceptance.md name tests', () => {
  const rows = readFileSync('docs/acceptance.md', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| no.'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  assert.deepEqual(
    rows.map(([number = '']) => number).filter((number) => number !== ''),
    NUMBERS,
  );
  for (const [, claim = '', place = '', name = '', ...more] of rows) {
    assert.ok(claim !== '' && name !== '' && more.length === 0, `${claim}: ${place}`);
    const file = place.replaceAll('`', '');
    assert.ok(file.endsWith('.test.ts') && existsSync(file), `${claim}: there is no ${file}`);
    assert.ok(isNamed(readFileSync(file, 'utf8'), name), `${claim}: no test of ${file} is called ${name}`);
  }
});

/** A string of the code is the name, `…` standing for anything on its line. */
function isNamed(code: string, name: string): boolean {
  const pattern = name
    .split('…')
    .map((part) => RegExp.escape(part))
    .join('.*');
  return QUOTES.some((quote) => new RegExp(`${quote}${pattern}${quote}`).test(code));
}

test('a name is found as a whole only', () => {
  const code = "it('one thing', () => {});\nit(`by ${way}, whole`, () => {});";
  assert.ok(isNamed(code, 'one thing') && isNamed(code, 'by …, whole') && isNamed(code, 'by …'));
  assert.ok(!isNamed(code, 'one') && !isNamed(code, 'other thing') && !isNamed(code, 'by …, half'));
});
