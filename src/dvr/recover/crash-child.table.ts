/** Records as fast as it can and says how far it is, until it is killed (crash.test.ts). */
import { join } from 'node:path';
import { SystemClock } from '../../base/clock.ts';
import { recordingLog } from '../../state/recording-log.table.ts';
import { State } from '../../state/state.ts';
import { Dvr } from '../dvr.ts';
import { FakeStream } from '../fake-stream.ts';

const [, , folder = ''] = process.argv;
const clock = new SystemClock();
const { log } = recordingLog();
const state = await State.open({ dataFolder: join(folder, 'data'), clock, log });
const keep = { ageMs: undefined, bytes: undefined, free: undefined };
const storages = new Map([['main', { name: 'main', path: join(folder, 'recordings'), keep, syncMs: 20 }]]);
const dvr = await Dvr.open({ state, storages, keepOf: () => undefined, clock, log });
const stream = new FakeStream({ startUtcMs: Date.UTC(2026, 0, 1, 10) });
dvr.record(stream, { storage: 'main' });
let told = 0;
let flushed: Promise<void> | undefined;
let gapEnded = false;
clock.every(5, () => {
  stream.give(1);
  const upToUtcMs = dvr.status('lobby').recordedUpToUtcMs ?? 0;
  const segments = stream.given.filter(({ entry }) => entry.startUtcMs + entry.durationMs <= upToUtcMs + 1).length;
  if (segments <= told) return;
  // That the first gap is over is a row in state.db, written beside: what is written behind it is a sign that it is there.
  flushed ??= state.gaps.mark('nobody', undefined).then(() => void (gapEnded = true));
  if (!gapEnded) return;
  process.stdout.write(`${JSON.stringify({ segments, upToUtcMs })}\n`);
  told = segments;
});
// The clock's timers do not keep a process alive.
setInterval(() => undefined, 1000);
