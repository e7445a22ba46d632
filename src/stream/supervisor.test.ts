import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import { QuietLog } from './quiet-log.table.ts';
import { LEFT_BEHIND_WAIT_MS, STOP_MS_MAX } from './source-runner.ts';
import { HOST_SPACING_MS, START_SPACING_MS, StartLimiter } from './start-limiter.ts';
import { Supervisor } from './supervisor.ts';
import type { Source } from './source.ts';
import type { StateChange } from './stream.ts';

const IDLE_STOP_MS = 10_000;

/** A source whose attempts end as the test says. */
class TestSource implements Source {
  readonly kind = 'test';
  readonly label = 'test:';
  readonly #clock: ManualClock;
  readonly startsMs: number[] = [];
  running = 0;
  deaf = false;
  #end: ((error: WeirError | undefined) => void) | undefined;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  run(_sink: unknown, signal: AbortSignal): Promise<void> {
    this.startsMs.push(this.#clock.monoMs());
    this.running++;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#end = (error) => (error === undefined ? resolve() : reject(error));
    if (!this.deaf) signal.addEventListener('abort', () => resolve());
    return promise.finally(() => this.running--);
  }

  end(error?: WeirError): void {
    this.#end?.(error);
  }

  /** Ends the newest run, also when there is a newer by then. */
  ender(): () => void {
    const end = this.#end;
    return () => end?.(undefined);
  }
}

function bench() {
  const clock = new ManualClock();
  const changes: StateChange[] = [];
  const log = new QuietLog();
  let open = 0;
  const supervisor = new Supervisor({
    stream: 'yard',
    clock,
    log,
    random: () => 0,
    limiter: new StartLimiter(clock),
    begin: () => {
      open++;
      let ended = false;
      const end = (): void => {
        if (!ended) open--;
        ended = true;
      };
      return { sink: { announce: () => [] }, end };
    },
    changed: (change) => changes.push(change),
  });
  const states = (): readonly string[] => changes.map((change) => change.state);
  return { clock, supervisor, source: new TestSource(clock), changes, states, log, openAttempts: () => open };
}

type Bench = ReturnType<typeof bench>;

/** Lets time pass in small steps, so that promises between timers settle. */
async function pass(one: Bench, ms: number): Promise<void> {
  await setImmediate();
  for (let left = ms; left > 0; left -= 500) {
    one.clock.advance(Math.min(500, left));
    await setImmediate();
  }
}

async function failAt(one: Bench, code: 'source-closed' | 'source-unauthorized' | 'source-unreachable'): Promise<void> {
  one.source.end(new WeirError(code, 'no'));
  await setImmediate();
}

/** An on-demand source that was opened and let go, and did not end; returns how to end it. */
async function leaveBehind(one: Bench): Promise<() => void> {
  one.source.deaf = true;
  if (one.supervisor.source === undefined) one.supervisor.pull([one.source], IDLE_STOP_MS);
  one.supervisor.want(true);
  await pass(one, 0);
  const end = one.source.ender();
  one.supervisor.want(false);
  await pass(one, IDLE_STOP_MS + STOP_MS_MAX);
  assert.equal(one.supervisor.state.state, 'idle');
  return end;
}

describe('Supervisor', () => {
  it('tries for ever, ever more slowly, and says why', async () => {
    const one = bench();
    one.supervisor.pull([one.source], undefined);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      await pass(one, 0);
      assert.equal(one.source.running, 1);
      await failAt(one, 'source-closed');
      const failedMs = one.clock.monoMs();
      assert.equal(one.supervisor.state.state, 'down');
      assert.equal(one.supervisor.state.error?.code, 'source-closed');
      const next = one.supervisor.source?.nextAttemptUtcMs ?? 0;
      await pass(one, next - one.clock.utcMs());
      waits.push((one.source.startsMs.at(-1) ?? 0) - failedMs);
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert.deepEqual(one.states().slice(0, 4), ['connecting', 'down', 'connecting', 'down']);
    assert.equal(one.supervisor.source?.attempts, 8);
    await one.supervisor.stop();
    assert.deepEqual([one.openAttempts(), one.source.running, one.supervisor.state.state], [0, 0, 'idle']);
  });

  it('begins anew after half a minute of good media', async () => {
    for (const [goodMs, waitMs] of [
      [29_000, 8000],
      [30_000, 1000],
    ] as const) {
      const one = bench();
      one.supervisor.pull([one.source], undefined);
      for (const ms of [1000, 2000, 4000]) {
        await pass(one, 0);
        await failAt(one, 'source-closed');
        await pass(one, ms);
      }
      one.supervisor.media();
      assert.deepEqual(one.supervisor.state.state, 'live');
      assert.equal(one.supervisor.state.error, undefined);
      await pass(one, goodMs);
      await failAt(one, 'source-closed');
      assert.equal((one.supervisor.source?.nextAttemptUtcMs ?? 0) - one.clock.utcMs(), waitMs);
      await one.supervisor.stop();
    }
  });

  it('asks slowly after a refused password', async () => {
    const one = bench();
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    await failAt(one, 'source-unauthorized');
    await pass(one, 29_500);
    assert.equal(one.source.startsMs.length, 1);
    await pass(one, 1500);
    assert.equal(one.source.startsMs.length, 2);
    await one.supervisor.stop();
  });

  it('does not try again what cannot succeed', async () => {
    const one = bench();
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    one.source.end(new WeirError('source-url-invalid', 'no URL'));
    await pass(one, 120_000);
    assert.equal(one.source.startsMs.length, 1);
    assert.deepEqual([one.supervisor.state.state, one.supervisor.state.error?.code], ['down', 'source-url-invalid']);
    assert.equal(one.supervisor.source?.nextAttemptUtcMs, undefined);
    await one.supervisor.stop();
  });

  it('takes a source that ends by itself for closed, and one that breaks for a fault of the protocol', async () => {
    const one = bench();
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    one.source.end();
    await pass(one, 0);
    assert.equal(one.supervisor.state.error?.code, 'source-closed');
    await pass(one, 1000);
    one.source.end(new TypeError('oops') as unknown as WeirError);
    await pass(one, 0);
    assert.equal(one.supervisor.state.error?.code, 'source-protocol');
    await one.supervisor.stop();
  });

  it('opens an on-demand source while it is wanted, and ten seconds longer', async () => {
    const one = bench();
    one.supervisor.pull([one.source], IDLE_STOP_MS);
    await pass(one, 5000);
    assert.deepEqual([one.source.startsMs.length, one.supervisor.state.state], [0, 'idle']);
    one.supervisor.want(true);
    await pass(one, 0);
    assert.equal(one.source.running, 1);
    one.supervisor.media();
    one.supervisor.want(false);
    await pass(one, IDLE_STOP_MS - 500);
    one.supervisor.want(true);
    await pass(one, IDLE_STOP_MS);
    assert.equal(one.source.running, 1);
    one.supervisor.want(false);
    await pass(one, IDLE_STOP_MS);
    assert.deepEqual([one.source.running, one.supervisor.state.state, one.openAttempts()], [0, 'idle', 0]);
    one.supervisor.want(true);
    await pass(one, 0);
    assert.equal(one.source.running, 1);
    assert.deepEqual(one.states(), ['connecting', 'live', 'idle', 'connecting']);
    await one.supervisor.stop();
  });

  it('runs a publisher once', async () => {
    const one = bench();
    const over = one.supervisor.publish(one.source);
    await pass(one, 0);
    one.supervisor.media();
    one.source.end();
    assert.equal(await over, undefined);
    assert.deepEqual([one.supervisor.state.state, one.supervisor.state.error?.code], ['down', 'publisher-gone']);
    await pass(one, 60_000);
    assert.equal(one.source.startsMs.length, 1);
  });

  it('leaves a source behind that does not end', async () => {
    const one = bench();
    one.source.deaf = true;
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    let stopped = false;
    const over = one.supervisor.stop(new WeirError('shutting-down', 'bye')).then(() => (stopped = true));
    await pass(one, STOP_MS_MAX - 500);
    assert.equal(stopped, false);
    await pass(one, 500);
    await over;
    assert.equal(one.openAttempts(), 0);
    assert.deepEqual([one.supervisor.state.state, one.supervisor.state.error?.code], ['down', 'shutting-down']);
    assert.ok(one.log.lines.some((line) => line.level === 'error'));
  });

  it('waits with the next attempt for one that was left behind', async () => {
    const one = bench();
    const deaf = await leaveBehind(one);
    one.supervisor.want(true);
    await pass(one, LEFT_BEHIND_WAIT_MS - 500);
    assert.deepEqual([one.source.startsMs.length, one.source.running], [1, 1]);
    one.source.deaf = false;
    deaf();
    await pass(one, 0);
    assert.deepEqual([one.source.startsMs.length, one.source.running], [2, 1]);
    assert.deepEqual(one.supervisor.source?.faults, { runsLeftBehind: 1 });
    await one.supervisor.stop();
  });

  it('goes on beside one that hangs, beside two it does not', async () => {
    const one = bench();
    const ends = [await leaveBehind(one)];
    one.supervisor.want(true);
    await pass(one, LEFT_BEHIND_WAIT_MS + 500);
    assert.deepEqual([one.source.startsMs.length, one.source.running], [2, 2]);
    ends.push(await leaveBehind(one));
    one.supervisor.want(true);
    await pass(one, LEFT_BEHIND_WAIT_MS + 500);
    assert.deepEqual([one.source.startsMs.length, one.supervisor.state.state], [2, 'down']);
    assert.equal(one.supervisor.state.error?.code, 'source-timeout');
    for (const end of ends) end();
    one.source.deaf = false;
    await pass(one, 1000);
    assert.deepEqual([one.source.startsMs.length, one.source.running], [3, 1]);
    assert.deepEqual(one.supervisor.source?.faults, { runsLeftBehind: 2 });
    await one.supervisor.stop();
  });

  it('takes no second source while it has one', async () => {
    const one = bench();
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    assert.throws(() => one.supervisor.pull([one.source], undefined), { name: 'AssertionError' });
    await assert.rejects(one.supervisor.publish(one.source), { name: 'AssertionError' });
    await one.supervisor.stop();
    one.supervisor.pull([one.source], undefined);
    await pass(one, START_SPACING_MS);
    assert.equal(one.source.running, 1);
    await one.supervisor.stop();
  });

  it('is not live by what a source that was told to end still sends', async () => {
    const one = bench();
    one.source.deaf = true;
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    const over = one.supervisor.stop();
    one.supervisor.media();
    assert.equal(one.supervisor.state.state, 'connecting');
    one.source.end();
    await over;
    assert.equal(one.supervisor.state.state, 'idle');
  });

  it('says that a source is back, and how long it was away', async () => {
    const one = bench();
    one.supervisor.pull([one.source], undefined);
    await pass(one, 0);
    one.supervisor.media();
    await failAt(one, 'source-closed');
    await pass(one, 1000);
    one.supervisor.media();
    const said = one.log.lines.map(({ level, fields, message }) => [level, fields['code'] ?? message]);
    assert.deepEqual(said, [
      ['warn', 'source-closed'],
      ['info', 'The source is back'],
    ]);
    assert.equal(one.log.lines.at(-1)?.fields['awayMs'], 1000);
    await one.supervisor.stop();
  });

  it('spreads the starts of many streams: 200 at once, and half timed out (mtx#4210)', async () => {
    const clock = new ManualClock();
    const limiter = new StartLimiter(clock);
    const began: number[] = [];
    const signal = new AbortController().signal;
    for (let i = 0; i < 5; i++) void limiter.take(undefined, signal).then(() => began.push(clock.monoMs()));
    for (let i = 0; i < 10; i++) {
      await setImmediate();
      clock.advance(START_SPACING_MS / 2);
    }
    const first = began[0] ?? 0;
    assert.deepEqual(
      began.map((ms) => ms - first),
      [0, 1, 2, 3, 4].map((i) => i * START_SPACING_MS),
    );
  });
});

describe('StartLimiter', () => {
  it('spreads the starts at one host further, and lets no other host wait for them', async () => {
    const clock = new ManualClock();
    const limiter = new StartLimiter(clock);
    const beganMs = clock.monoMs();
    const began: [string, number][] = [];
    const signal = new AbortController().signal;
    for (const host of ['recorder', 'recorder', 'recorder', 'camera'])
      void limiter.take(host, signal).then(() => began.push([host, clock.monoMs() - beganMs]));
    for (let i = 0; i < 20; i++) {
      await setImmediate();
      clock.advance(START_SPACING_MS / 2);
    }
    assert.deepEqual(began, [
      ['recorder', 0],
      ['camera', START_SPACING_MS],
      ['recorder', HOST_SPACING_MS],
      ['recorder', 2 * HOST_SPACING_MS],
    ]);
  });
});
