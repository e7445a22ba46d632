import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemClock } from '../base/clock.ts';
import { MemoryLog } from '../base/memory-log.ts';
import type { Settings } from './settings.ts';
import { SettingsWatcher } from './watch-settings.ts';

test('a written file is taken up, a bad one is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-watch-'));
  const file = join(folder, 'weir.yml');
  writeFileSync(file, 'hls: { part: 1s }');
  const log = new MemoryLog();
  let next = Promise.withResolvers<Settings>();
  const origin = { file, env: {}, folder };
  const watcher = new SettingsWatcher({
    origin,
    clock: new SystemClock(),
    log,
    changed: (settings) => next.resolve(settings),
  });
  // The folder's watch does not keep the process alive, and the promise is all that is waited for.
  const alive = setInterval(() => undefined, 1000);
  try {
    writeFileSync(`${file}.new`, 'hls: { part: 0.2s }');
    renameSync(`${file}.new`, file);
    assert.equal((await next.promise).hls.partMs, 200);

    next = Promise.withResolvers<Settings>();
    writeFileSync(file, 'hls: { part: ');
    process.emit('SIGHUP');
    assert.equal(log.lines.at(-1)?.level, 'error');
    assert.match(String(log.lines.at(-1)?.fields['code']), /^config-/);

    writeFileSync(file, 'hls: { part: 0.3s }');
    assert.equal((await next.promise).hls.partMs, 300);
  } finally {
    clearInterval(alive);
    watcher.close();
    rmSync(folder, { recursive: true });
  }
  assert.equal(process.listenerCount('SIGHUP'), 0);
});
