/** A stream with several sources: which is in use, and when. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { FakeCamera } from './fake-camera.ts';
import { PULL, settingsOf, streamBench } from './live-streams.table.ts';
import { KEY_WAIT_MS } from './proving-attempt.ts';
import { nextSource } from './source-choice.ts';
import { RETURN_PROBE_MS } from './source-return.ts';
import type { VideoStreamName } from '../../test/fixtures/streams/streams.ts';
import type { StreamSettings } from '../config/settings.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Batch } from './batch.ts';
import type { Candidate } from './source-choice.ts';
import type { StreamBench } from './live-streams.table.ts';
import type { Stream } from './stream.ts';

const REFUSED = new WeirError('source-unreachable', 'nothing listens there');

interface Yard extends StreamBench {
  readonly stream: Stream;
  /** In order of preference. */
  readonly sources: readonly FakeCamera[];
  /** The index of the source in use, by what status says. */
  readonly inUse: () => number | undefined;
}

async function yard(
  names: readonly VideoStreamName[],
  prepare: (sources: readonly FakeCamera[]) => void = () => undefined,
  more: Partial<StreamSettings> = {},
): Promise<Yard> {
  const sources: FakeCamera[] = [];
  const one = streamBench((clock) => {
    const camera = new FakeCamera(clock, names[sources.length] ?? 'plain-h264');
    sources.push(camera);
    if (sources.length === names.length) prepare(sources);
    return camera;
  });
  await one.apply(settingsOf('yard', PULL, { alternatives: names.slice(1).map(() => PULL), ...more }));
  const stream = await one.streams.find('yard');
  assert.ok(stream);
  const inUse = (): number | undefined => stream.status().source.members?.findIndex((member) => member.inUse);
  return { ...one, stream, sources, inUse };
}

class Reader {
  readonly protocol = 'rtsp';
  readonly label = 'reader';
  readonly batches: Batch[] = [];
  readonly errors: string[] = [];

  deliver(batch: Batch): void {
    this.batches.push(batch);
  }

  end(error: WeirError): void {
    this.errors.push(error.code);
  }
}

describe('nextSource', () => {
  const now = 1000;
  const never = Number.NEGATIVE_INFINITY;
  const rows: readonly {
    readonly title: string;
    /** The preferred one, and the second. */
    readonly candidates: readonly [Candidate, Candidate];
    readonly failed: 0 | 1;
    readonly code: ErrorCode;
    readonly wasLive: boolean;
    readonly next: 0 | 1;
  }[] = [
    {
      title: 'one that never was live: the other at once',
      candidates: [waiting(1000), { notBeforeMs: never, failures: 0 }],
      failed: 0,
      code: 'source-unreachable',
      wasLive: false,
      next: 1,
    },
    {
      title: 'one that was live and closed: the same again',
      candidates: [waiting(1000), { notBeforeMs: never, failures: 0 }],
      failed: 0,
      code: 'source-closed',
      wasLive: true,
      next: 0,
    },
    {
      title: 'one that was live and closed twice: the other',
      candidates: [waiting(2000, 2), { notBeforeMs: never, failures: 0 }],
      failed: 0,
      code: 'source-closed',
      wasLive: true,
      next: 1,
    },
    {
      title: 'one that fell silent: the other',
      candidates: [waiting(1000), { notBeforeMs: never, failures: 0 }],
      failed: 0,
      code: 'source-silent',
      wasLive: true,
      next: 1,
    },
    {
      title: 'one whose password was changed: the other',
      candidates: [waiting(30_000), { notBeforeMs: never, failures: 0 }],
      failed: 0,
      code: 'source-unauthorized',
      wasLive: true,
      next: 1,
    },
    {
      title: 'both fail: whose wait is over first',
      candidates: [waiting(4000, 3), waiting(1000)],
      failed: 0,
      code: 'source-unreachable',
      wasLive: false,
      next: 1,
    },
    {
      title: 'both may be asked: the preferred one',
      candidates: [{ notBeforeMs: 500, failures: 5 }, waiting(1000)],
      failed: 1,
      code: 'source-silent',
      wasLive: true,
      next: 0,
    },
    {
      title: 'one that is never asked again leaves the other',
      candidates: [waiting(Number.POSITIVE_INFINITY), waiting(9000, 9)],
      failed: 0,
      code: 'source-url-invalid',
      wasLive: false,
      next: 1,
    },
  ];
  for (const { title, candidates, failed, code, wasLive, next } of rows) {
    it(title, () => {
      assert.equal(candidates.indexOf(nextSource(candidates, candidates[failed], code, wasLive, now)), next);
    });
  }

  function waiting(ms: number, failures = 1): Candidate {
    return { notBeforeMs: now + ms, failures };
  }
});

describe('a stream with several sources', () => {
  it('asks the second at once where the first cannot be had, and nobody sees it down', async () => {
    const one = await yard(['plain-h264', 'plain-h264'], ([first]) => {
      if (first !== undefined) first.refusal = REFUSED;
    });
    const tracks = one.stream.tracks(AbortSignal.timeout(60_000));
    await one.pass(500);
    assert.equal((await tracks).length, 1);
    assert.deepEqual([one.stream.status().state, one.inUse()], ['live', 1]);
    const { source } = one.stream.status();
    assert.deepEqual(
      source.members?.map(({ attempts, error }) => [attempts, error?.code]),
      [
        [1, 'source-unreachable'],
        [1, undefined],
      ],
    );
    assert.equal(source.attempts, 2);
    await one.streams.close();
  });

  it('goes over to the second, and back to the first with a key frame of its own; its reader stays', async () => {
    const one = await yard(['plain-h264', 'plain-h264']);
    const [first, second] = one.sources;
    assert.ok(first !== undefined && second !== undefined);
    const reader = new Reader();
    await one.pass(2000);
    one.stream.attach(reader, 'key');
    await one.pass(3000);
    first.refusal = REFUSED;
    first.fail();
    await one.pass(1500);
    assert.deepEqual([one.stream.status().state, one.inUse(), first.begun], ['live', 1, 2]);
    await one.pass(RETURN_PROBE_MS);
    assert.deepEqual([one.inUse(), first.begun], [1, 3]);
    first.refusal = undefined;
    first.firstFrame = 7;
    const before = reader.batches.length;
    await one.pass(RETURN_PROBE_MS + 2000);
    assert.deepEqual([one.stream.status().state, one.inUse()], ['live', 0]);
    assert.deepEqual([first.begun - first.ended, second.begun - second.ended], [1, 0]);
    assert.deepEqual(reader.errors, []);
    // No frame is missing over the return, none came of both, and the first one of the new source is a key frame.
    const arrivals = reader.batches.slice(before).map(({ arrivalMs }) => arrivalMs);
    const stepsMs = arrivals.slice(1).map((ms, i) => ms - (arrivals[i] ?? 0));
    assert.ok(
      stepsMs.every((ms) => ms > 0 && ms <= 80),
      stepsMs.join(' '),
    );
    const ticks = reader.batches.map((batch) => batch.ticks);
    assert.ok(ticks.every((tick, i) => i === 0 || tick > (ticks[i - 1] ?? 0)));
    assert.equal(one.stream.status().source.members?.[0]?.error, undefined);
    await one.streams.close();
  });

  it('returns at the next loss, if the first may be asked by then', async () => {
    const one = await yard(['plain-h264', 'plain-h264'], ([first]) => {
      if (first !== undefined) first.refusal = REFUSED;
    });
    const [first, second] = one.sources;
    assert.ok(first !== undefined && second !== undefined);
    await one.pass(20_000);
    assert.equal(one.inUse(), 1);
    first.refusal = undefined;
    second.fail(new WeirError('source-silent', 'no media'));
    await one.pass(500);
    assert.deepEqual([one.stream.status().state, one.inUse(), second.begun], ['live', 0, 1]);
    await one.streams.close();
  });

  it('returns to one without a key frame too, after a while', async () => {
    const one = await yard(['plain-h264', 'plain-h264'], ([first]) => {
      if (first !== undefined) first.refusal = REFUSED;
    });
    const [first] = one.sources;
    assert.ok(first !== undefined);
    await one.pass(1000);
    first.refusal = undefined;
    first.firstFrame = 1;
    first.keyEvery = Number.POSITIVE_INFINITY;
    await one.pass(RETURN_PROBE_MS + KEY_WAIT_MS - 1000);
    assert.deepEqual([one.inUse(), first.begun - first.ended], [1, 1]);
    await one.pass(3000);
    assert.equal(one.inUse(), 0);
    await one.streams.close();
  });

  it('readers of another codec come again, the state stays live', async () => {
    const one = await yard(['plain-h264', 'plain-h265'], ([first]) => {
      if (first !== undefined) first.refusal = REFUSED;
    });
    const [first] = one.sources;
    assert.ok(first !== undefined);
    await one.pass(1000);
    const reader = new Reader();
    one.stream.attach(reader, 'key');
    first.refusal = undefined;
    const states: string[] = [];
    one.stream.onState(({ state }) => states.push(state));
    await one.pass(RETURN_PROBE_MS + 2000);
    assert.equal(one.inUse(), 0);
    assert.deepEqual([reader.errors, states], [['tracks-changed'], []]);
    await one.streams.close();
  });

  it('an on-demand stream without readers asks nobody, and then the first one first', async () => {
    const one = await yard(['plain-h264', 'plain-h264'], undefined, { onDemand: true, onDemandIdleMs: 3000 });
    const [first, second] = one.sources;
    assert.ok(first !== undefined && second !== undefined);
    first.refusal = REFUSED;
    const lease = one.stream.use('test');
    await one.pass(1000);
    assert.deepEqual([one.stream.status().state, one.inUse()], ['live', 1]);
    await one.pass(RETURN_PROBE_MS - 2000);
    lease.close();
    first.refusal = undefined;
    await one.pass(2900);
    assert.equal(one.stream.status().state, 'live');
    await one.pass(RETURN_PROBE_MS);
    assert.equal(one.stream.status().state, 'idle');
    assert.deepEqual([first.begun - first.ended, second.begun - second.ended], [0, 0]);
    const again = one.stream.use('test');
    await one.pass(1000);
    assert.deepEqual([one.stream.status().state, one.inUse()], ['live', 0]);
    again.close();
    await one.streams.close();
    assert.equal(one.stream.status().state, 'down');
  });
});
