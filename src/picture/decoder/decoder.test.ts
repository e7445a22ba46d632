/** Real decoders on real key frames: what each provider answers, and what the pool does when a child crashes, hangs or is not there. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, describe, it } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { WeirError, type ErrorCode } from '../../core/errors.ts';
import { H264_KEY_FRAME, H265_KEY_FRAME, jpegSize, type KeyFrame } from '../key-frames.table.ts';
import { ChildPool } from './child-pool.ts';
import { DecoderQueue } from './decoder-queue.ts';
import { MAX_PIXELS, type DecodeProvider, type Picture, type StillJob } from './decoder.ts';
import { FfmpegProvider } from './ffmpeg-provider.ts';

const clock = new SystemClock();
const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const never = new AbortController().signal;

const PICTURES: readonly {
  readonly name: string;
  readonly frame: KeyFrame;
  readonly width: number | undefined;
  readonly size: readonly [number, number];
}[] = [
  { name: 'H.264 with wide pixels, own size', frame: H264_KEY_FRAME, width: undefined, size: [192, 64] },
  { name: 'H.264 with wide pixels, reduced', frame: H264_KEY_FRAME, width: 160, size: [160, 54] },
  { name: 'H.265, never enlarged', frame: H265_KEY_FRAME, width: 640, size: [96, 64] },
  { name: 'H.265, reduced', frame: H265_KEY_FRAME, width: 48, size: [48, 32] },
];

describe('a decoder child', { skip: installed('node-av') ? false : 'node-av is not installed' }, () => {
  const pool = new ChildPool({ clock, log: silent });
  after(() => pool.close());

  for (const { name, frame, width, size } of PICTURES) {
    it(`decodes ${name}`, async () => {
      const picture = await pool.decode(job(frame, width));
      assert.deepEqual([picture.width, picture.height], size);
      assert.deepEqual(jpegSize(picture.bytes), size);
    });
  }

  it('says so when the frame is garbage, and decodes the next one in the same process', async () => {
    const [pid] = pool.pids;
    for (const nals of [[], [new Uint8Array(0)], [new Uint8Array(2000).fill(0x65)], [Uint8Array.of(0x65)]]) {
      await rejects(pool.decode({ ...job(H264_KEY_FRAME), nals }), 'decoder-failed');
    }
    await pool.decode(job(H264_KEY_FRAME));
    assert.deepEqual(pool.pids, [pid]);
  });

  it('survives frames that are cut and changed at random', async () => {
    const random = seeded(20_261_124);
    for (let round = 0; round < 60; round++) {
      const nals = H264_KEY_FRAME.nals.map((nal) => {
        const changed = nal.slice(0, 1 + Math.floor(random() * nal.length));
        changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
        return changed;
      });
      await pool.decode({ ...job(H264_KEY_FRAME), nals }).catch((error: unknown) => {
        assert(
          error instanceof WeirError && error.code === 'decoder-failed',
          `seed 20261124, round ${round}: ${String(error)}`,
        );
      });
    }
    await pool.decode(job(H264_KEY_FRAME));
  });

  it('fails the one job when the child crashes, and starts another child for the next', async () => {
    const pid = only(pool.pids);
    process.kill(pid, 'SIGSTOP');
    const crashed = pool.decode(job(H264_KEY_FRAME));
    // What ends a process that stands still: a fault signal would wait until it goes on, and the job with it.
    process.kill(pid, 'SIGKILL');
    await rejects(crashed, 'decoder-failed');
    await pool.decode(job(H264_KEY_FRAME));
    assert.notEqual(only(pool.pids), pid);
  });

  it('kills a child that hangs, and starts another for the next job', async () => {
    const turned = new ManualClock();
    await using hung = closing(new ChildPool({ clock: turned, log: silent }));
    await hung.pool.decode(job(H264_KEY_FRAME));
    const pid = only(hung.pool.pids);
    process.kill(pid, 'SIGSTOP');
    const answer = hung.pool.decode(job(H264_KEY_FRAME));
    await settle();
    turned.advance(5000);
    await rejects(answer, 'decoder-timeout');
    await hung.pool.decode(job(H264_KEY_FRAME));
    assert.notEqual(only(hung.pool.pids), pid);
  });

  it('ends when it has been idle for long enough', async () => {
    const turned = new ManualClock();
    await using idle = closing(new ChildPool({ clock: turned, log: silent }));
    await idle.pool.decode(job(H264_KEY_FRAME));
    turned.advance(59_999);
    assert.equal(idle.pool.pids.length, 1);
    turned.advance(1);
    assert.deepEqual(idle.pool.pids, []);
  });

  it('is gone when the pool is closed', async () => {
    const closed = new ChildPool({ clock, log: silent });
    await closed.decode(job(H264_KEY_FRAME));
    const pid = only(closed.pids);
    await closed.close();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await rejects(closed.decode(job(H264_KEY_FRAME)), 'shutting-down');
  });
});

describe('ffmpeg on PATH', () => {
  it('is missing where it is missing', async () => {
    await rejects(
      new FfmpegProvider({ clock, program: 'no-such-ffmpeg' }).decode(job(H264_KEY_FRAME)),
      'decoder-missing',
    );
  });
});

describe('the queue', () => {
  it('asks the next provider where one is missing, and only then', async () => {
    const missing = fakeProvider(() => Promise.reject(new WeirError('decoder-missing', 'not installed')));
    const broken = fakeProvider(() => Promise.reject(new WeirError('decoder-failed', 'grey')));
    const good = fakeProvider(() => Promise.resolve(PICTURE));
    assert.equal(await queue([missing, good]).still(job(H264_KEY_FRAME), never), PICTURE);
    await rejects(queue([broken, good]).still(job(H264_KEY_FRAME), never), 'decoder-failed');
    await rejects(queue([missing, missing]).still(job(H264_KEY_FRAME), never), 'decoder-missing');
    await rejects(queue([]).still(job(H264_KEY_FRAME), never), 'decoder-missing');
  });

  it('works on so many at a time, the oldest first, and drops those whose client left', async () => {
    const started: { readonly width: number | undefined; finish: (picture: Picture) => void }[] = [];
    const slow = fakeProvider(
      ({ width }) => new Promise<Picture>((resolve) => void started.push({ width, finish: resolve })),
    );
    const decoder = queue([slow], 1, 2);
    const left = new AbortController();
    const first = decoder.still(job(H264_KEY_FRAME, 1), never);
    const second = decoder.still(job(H264_KEY_FRAME, 2), left.signal);
    const third = decoder.still(job(H264_KEY_FRAME, 3), never);
    await rejects(decoder.still(job(H264_KEY_FRAME, 4), never), 'decoder-busy');
    left.abort();
    await assert.rejects(second, { name: 'AbortError' });
    started[0]?.finish(PICTURE);
    await first;
    await settle();
    started[1]?.finish(PICTURE);
    await third;
    assert.deepEqual(
      started.map(({ width }) => width),
      [1, 3],
    );
    await settle();
    const fifth = decoder.still(job(H264_KEY_FRAME, 5), never);
    const sixth = decoder.still(job(H264_KEY_FRAME, 6), never);
    await decoder.close();
    await rejects(sixth, 'shutting-down');
    started[2]?.finish(PICTURE);
    await fifth;
  });

  it('refuses what would make a decoder allocate too much', async () => {
    const decoder = queue([fakeProvider(() => Promise.resolve(PICTURE))]);
    const { parameters } = H264_KEY_FRAME;
    const huge = { media: 'video', width: MAX_PIXELS, height: 2, aspect: [1, 1], frameRate: undefined } as const;
    const audio = { media: 'audio', sampleRate: 48_000, channels: 2, samplesPerFrame: 1024 } as const;
    await rejects(
      decoder.still({ ...job(H264_KEY_FRAME), parameters: { ...parameters, shape: huge } }, never),
      'codec-unsupported',
    );
    await rejects(
      decoder.still({ ...job(H264_KEY_FRAME), parameters: { ...parameters, shape: audio } }, never),
      'codec-unsupported',
    );
    await rejects(
      decoder.still({ ...job(H264_KEY_FRAME), nals: [new Uint8Array(9 * 1024 * 1024)] }, never),
      'decoder-failed',
    );
  });

  it('refuses codecs that nothing here decodes', async () => {
    const decoder = queue([fakeProvider(() => Promise.resolve(PICTURE))]);
    const { parameters } = H264_KEY_FRAME;
    for (const codec of ['av1', 'vp9', 'vp8', 'mpeg4', 'mjpeg'] as const) {
      const frame = { ...job(H264_KEY_FRAME), parameters: { ...parameters, codec } };
      await rejects(decoder.still(frame, never), 'codec-unsupported');
    }
  });
});

const PICTURE: Picture = { bytes: Uint8Array.of(1), width: 1, height: 1 };

function job(frame: KeyFrame, width?: number): StillJob {
  return { parameters: frame.parameters, nals: frame.nals, width, format: 'jpg' };
}

function queue(providers: readonly DecodeProvider[], atWorkMax = 1, waitingMax = 8): DecoderQueue {
  return new DecoderQueue({ providers, atWorkMax, waitingMax });
}

function fakeProvider(decode: DecodeProvider['decode']): DecodeProvider {
  return { decode, close: () => Promise.resolve() };
}

/** Lets everything that waits for nothing outside this process go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function closing(pool: ChildPool): AsyncDisposable & { readonly pool: ChildPool } {
  return { pool, [Symbol.asyncDispose]: () => pool.close() };
}

function installed(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

function only(pids: readonly number[]): number {
  assert.equal(pids.length, 1);
  return pids[0] ?? 0;
}

async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert(error instanceof WeirError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
