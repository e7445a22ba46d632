import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLD_MS, FoldingLog } from './folding-log.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryLog } from './memory-log.ts';
import type { Log } from './log.ts';

test('a flood becomes one line a second with its count', () => {
  const clock = new ManualClock();
  const memory = new MemoryLog();
  const log = new FoldingLog(memory, clock);
  for (let second = 0; second < 3; second++) {
    for (let n = 0; n < 100; n++)
      log.child({ stream: 'a' }).warn({ code: 'rtp-malformed', n: second * 100 + n }, 'bad packet');
    clock.advance(FOLD_MS);
  }
  assert.deepEqual(
    memory.lines.map((line) => line.fields['repeated']),
    [undefined, 99, 100, 100],
  );
  assert.equal(memory.lines[3]?.fields['n'], 299, 'the newest fields');
  log.child({ stream: 'b' }).warn({ code: 'rtp-malformed' }, 'bad packet');
  assert.equal(memory.lines.length, 5, 'another stream has its own line');
  clock.advance(5 * FOLD_MS);
  log.child({ stream: 'a' }).warn({ code: 'rtp-malformed' }, 'bad packet');
  assert.equal(memory.lines.length, 6, 'after quiet the next one is written at once');
});

const pairs: readonly (readonly [string, together: boolean, (log: Log, which: string) => void])[] = [
  ['children of two storages', false, (log, which) => log.child({ storage: which }).error({ code: 'x' }, 'failed')],
  ['children of two numbers', false, (log, which) => log.child({ track: which.length }).error({}, 'failed')],
  ['lines that name two storages', false, (log, which) => log.error({ storage: which, code: 'x' }, 'failed')],
  ['lines that count', true, (log, which) => log.error({ stream: 's', code: 'x', packets: which.length }, 'failed')],
];
for (const [name, together, write] of pairs) {
  test(`${name} are ${together ? 'one flood' : 'told apart'}`, () => {
    const clock = new ManualClock();
    const memory = new MemoryLog();
    const log = new FoldingLog(memory, clock);
    write(log, 'disk');
    write(log, 'other-disk');
    assert.equal(memory.lines.length, together ? 1 : 2);
    if (together) return;
    const [first, second] = memory.lines.map(({ fields }) => fields);
    assert.notDeepEqual(first, second);
    write(log, 'disk');
    write(log, 'other-disk');
    clock.advance(FOLD_MS);
    assert.deepEqual(
      memory.lines.slice(2).map(({ fields }) => fields),
      [
        { ...first, repeated: 1 },
        { ...second, repeated: 1 },
      ],
      'what is folded says of whom',
    );
  });
}
