import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { NewestWork } from './newest-work.ts';

/** Work whose runs end when the test says so; what happened is in `events`. */
function bench() {
  const events: string[] = [];
  const runs = new Map<string, { readonly end: () => void; readonly fail: () => void }>();
  const work = new NewestWork<string>((value) => {
    events.push(`begin ${value}`);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    runs.set(value, { end: resolve, fail: () => reject(new WeirError('storage-failed', value)) });
    return promise.finally(() => events.push(`end ${value}`));
  });
  return { events, work, run: (value: string) => runs.get(value) ?? assert.fail(`${value} does not run`) };
}

describe('NewestWork', () => {
  it('runs one at a time, and passes over what is no longer the newest', async () => {
    const { events, work, run } = bench();
    const first = work.take('first');
    await Promise.resolve();
    const passedOver = work.take('second');
    const last = work.take('third');
    assert.deepEqual(events, ['begin first']);
    run('first').end();
    await Promise.all([first, passedOver]);
    run('third').end();
    await last;
    assert.deepEqual(events, ['begin first', 'end first', 'begin third', 'end third']);
  });

  it('goes on after a run that failed, and tells only who asked for it', async () => {
    const { events, work, run } = bench();
    const first = assert.rejects(work.take('first'), { code: 'storage-failed' });
    await Promise.resolve();
    const second = work.take('second');
    run('first').fail();
    await first;
    run('second').end();
    await second;
    assert.deepEqual(events.at(-1), 'end second');
  });

  it('once closed begins nothing, and has ended what ran', async () => {
    const { events, work, run } = bench();
    const first = work.take('first');
    await Promise.resolve();
    const second = work.take('second');
    const closed = work.close().then(() => events.push('closed'));
    run('first').end();
    await Promise.all([first, second, closed, work.take('third')]);
    assert.deepEqual(events, ['begin first', 'end first', 'closed']);
  });
});
