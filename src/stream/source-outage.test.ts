import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { MemoryLog } from '../base/memory-log.ts';
import { WeirError } from '../core/errors.ts';
import { REPEAT_MS, SourceOutage } from './source-outage.ts';
import type { ErrorCode } from '../core/errors.ts';

function bench() {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const outage = new SourceOutage('yard', clock, log);
  /** Fails `times`, `everyMs` apart; the numbers of failures that the back-off was asked with. */
  const fail = (code: ErrorCode, times: number, everyMs: number): readonly number[] => {
    const asked: number[] = [];
    for (let i = 0; i < times; i++) {
      outage.failed(new WeirError(code, 'no'), (failures) => void asked.push(failures));
      clock.advance(everyMs);
    }
    return asked;
  };
  /** Lines that a log at its usual level has: level, code or message, how often it was kept back. */
  const said = (): readonly (readonly unknown[])[] =>
    log.lines
      .filter((line) => line.level !== 'debug')
      .map(({ level, fields, message }) => [level, fields['code'] ?? message, fields['repeated'] ?? 0]);
  return { clock, log, outage, fail, said };
}

describe('SourceOutage', () => {
  it('says a cause at once, then every five minutes with how often it came', () => {
    const { fail, said, log } = bench();
    fail('source-unreachable', 1 + (2 * REPEAT_MS) / 4000, 4000);
    const each = REPEAT_MS / 4000 - 1;
    assert.deepEqual(said(), [
      ['warn', 'source-unreachable', 0],
      ['warn', 'source-unreachable', each],
      ['warn', 'source-unreachable', each],
    ]);
    assert.equal(log.lines.length, 1 + (2 * REPEAT_MS) / 4000, 'all of them for who debugs');
  });

  it('says another cause at once, and does not begin anew with the first', () => {
    const { fail, said } = bench();
    fail('source-unreachable', 3, 4000);
    fail('source-refused', 2, 4000);
    fail('source-unreachable', 3, 4000);
    assert.deepEqual(said(), [
      ['warn', 'source-unreachable', 0],
      ['warn', 'source-refused', 0],
    ]);
  });

  it('counts each cause by itself until the source is well again', () => {
    const { fail, outage } = bench();
    assert.deepEqual(fail('source-unreachable', 3, 4000), [1, 2, 3]);
    assert.deepEqual(fail('source-refused', 2, 4000), [1, 2]);
    outage.back();
    assert.deepEqual(fail('source-unreachable', 1, 4000), [4], 'it was there for a moment');
    outage.forget();
    assert.deepEqual(fail('source-unreachable', 1, 4000), [1]);
  });

  it('says once that the source is back, and how long it was away', () => {
    const { fail, outage, log, said } = bench();
    outage.back();
    assert.deepEqual(said(), []);
    fail('source-unreachable', 5, 4000);
    outage.back();
    outage.back();
    assert.deepEqual(log.lines.at(-1), {
      level: 'info',
      fields: { stream: 'yard', awayMs: 20_000 },
      message: 'The source is back',
    });
    fail('source-unreachable', 1, 4000);
    assert.deepEqual(said(), [
      ['warn', 'source-unreachable', 0],
      ['info', 'The source is back', 0],
      ['warn', 'source-unreachable', 0],
    ]);
  });
});
