/** Sources that come and go as they like, for hours: who is asked when, and what the stream says of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { WeirError } from '../core/errors.ts';
import { AAC_FORMAT } from './fake-camera.ts';
import { QuietLog } from './quiet-log.table.ts';
import { RETURN_PROBE_MS } from './source-return.ts';
import { StartLimiter } from './start-limiter.ts';
import { Supervisor } from './supervisor.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { RelayAttempt } from './relay.ts';
import type { Source, SourceSink, TrackSink } from './source.ts';

const STEP_MS = 500;
const HOURS = 0.5;
const IDLE_MS = 10_000;
/** The longest back-off (a refused password, with jitter), and some steps. */
const BACK_MS_MAX = 60_000 + 10 * STEP_MS;
/** One more question to a source that was live, and then another source. */
const AGAIN_MS_MAX = 3000;
const FAILURES: readonly ErrorCode[] = ['source-closed', 'source-silent', 'source-unauthorized', 'source-unreachable'];
const PACKET = new Uint8Array(20);

const nothing = (): void => undefined;
const NO_TRACK: TrackSink = {
  packet: nothing,
  senderReport: nothing,
  goodbye: nothing,
  accessUnit: nothing,
  flush: nothing,
};

/** Sends a packet a step while it is up. */
class Fickle implements Source {
  readonly kind = 'test';
  readonly label: string;
  /** Since when it is up; undefined: it is not. */
  upSinceMs: number | undefined = 0;
  running = 0;
  readonly startsMs: number[] = [];
  readonly #clock: ManualClock;
  readonly #sinks = new Set<TrackSink>();
  readonly #ends = new Set<(error: WeirError | undefined) => void>();

  constructor(clock: ManualClock, label: string) {
    this.#clock = clock;
    this.label = label;
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    this.startsMs.push(this.#clock.monoMs());
    if (this.upSinceMs === undefined) throw new WeirError('source-unreachable', 'it is down');
    const [track] = sink.announce([AAC_FORMAT]);
    assert.ok(track);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const end = (error: WeirError | undefined): void => (error === undefined ? resolve() : reject(error));
    signal.addEventListener('abort', () => resolve());
    this.#sinks.add(track);
    this.#ends.add(end);
    this.running++;
    try {
      await promise;
    } finally {
      this.running--;
      this.#sinks.delete(track);
      this.#ends.delete(end);
    }
  }

  send(): void {
    for (const sink of this.#sinks) sink.packet(PACKET, this.#clock.monoMs(), 0);
  }

  turn(up: boolean, code: ErrorCode): void {
    this.upSinceMs = up ? this.#clock.monoMs() : undefined;
    if (!up) for (const end of this.#ends) end(new WeirError(code, 'it went down'));
  }
}

function bench(random: () => number) {
  const clock = new ManualClock();
  const sources = [0, 1, 2].map((i) => new Fickle(clock, `source ${i}`));
  /** The attempt that the stream has. */
  let newest: { media: boolean; open: boolean } | undefined;
  const begin = (): RelayAttempt => {
    if (newest !== undefined) newest.open = false;
    const attempt = { media: false, open: true };
    newest = attempt;
    const packet = (): void => {
      if (!attempt.open) return;
      if (!attempt.media) supervisor.media();
      attempt.media = true;
    };
    const track = { ...NO_TRACK, packet };
    return { sink: { announce: () => [track] }, end: () => void (attempt.open = false) };
  };
  const limiter = new StartLimiter(clock);
  const options = { stream: 'yard', clock, log: new QuietLog(), random, limiter, begin, changed: () => undefined };
  const supervisor = new Supervisor(options);
  return { clock, sources, supervisor, isFlowing: () => newest?.open === true && newest.media };
}

describe('Supervisor, for hours', () => {
  it('one attempt a source, two in all; live while one can be had, on the best that can', async () => {
    const seed = unitSeed();
    const random = seededRandom(seed);
    const { clock, sources, supervisor, isFlowing } = bench(random);
    supervisor.pull(sources, IDLE_MS);
    const usedSinceMs = [0, 0];
    let wanted = false;
    let liveMs = 0;
    for (let step = 0; step * STEP_MS < HOURS * 3_600_000; step++) {
      const nowMs = clock.monoMs();
      const where = `WEIR_SEED=${seed}, step ${step}`;
      if (random() < (wanted ? 0.001 : 0.02)) {
        wanted = !wanted;
        supervisor.want(wanted);
        usedSinceMs[Number(wanted)] = nowMs;
      }
      for (const source of sources) {
        if (random() < 0.002) source.turn(source.upSinceMs === undefined, pick(FAILURES, random));
        source.send();
      }
      clock.advance(STEP_MS);
      await setImmediate();
      await setImmediate();

      const running = sources.map((source) => source.running);
      assert.ok(
        running.every((count) => count <= 1) && running.reduce((a, b) => a + b) <= 2,
        `${running.join(' ')}, ${where}`,
      );
      const { state } = supervisor.state;
      assert.equal(state === 'live', isFlowing(), where);
      if (state === 'live') liveMs = nowMs;
      const forMs = (sinceMs: number | undefined): number => (sinceMs === undefined ? 0 : nowMs - sinceMs);
      const upMs = sources.map((source) => (wanted ? Math.min(forMs(source.upSinceMs), forMs(usedSinceMs[1])) : 0));
      if (Math.max(...upMs) > BACK_MS_MAX)
        assert.ok(nowMs - liveMs <= AGAIN_MS_MAX, `${state} for ${nowMs - liveMs} ms, ${where}`);
      const best = upMs.findIndex((ms) => ms > BACK_MS_MAX + 2 * RETURN_PROBE_MS);
      const inUse = supervisor.source?.members?.findIndex((member) => member.inUse) ?? -1;
      if (best >= 0) assert.ok(inUse <= best, `${inUse} is in use, not ${best}: ${where}`);
      if (!wanted && forMs(usedSinceMs[0]) > IDLE_MS + 4 * STEP_MS)
        assert.deepEqual([state, Math.max(...running)], ['idle', 0], where);
    }
    // Nobody is asked more often than once a second, whatever happens.
    for (const { startsMs } of sources)
      assert.ok(
        startsMs.every((ms, i) => i === 0 || ms - (startsMs[i - 1] ?? 0) >= 1000 - STEP_MS),
        `WEIR_SEED=${seed}`,
      );
    await supervisor.stop();
    assert.deepEqual(
      sources.map((source) => source.running),
      [0, 0, 0],
    );
  });
});

function pick<T>(from: readonly T[], random: () => number): T {
  const found = from[Math.floor(random() * from.length)];
  assert.ok(found !== undefined);
  return found;
}
