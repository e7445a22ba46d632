import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { MemoryLog } from '../base/memory-log.ts';
import { WeirError, type ErrorCode } from '../core/errors.ts';
import { parseFragment } from '../core/mp4/read/fragment.ts';
import { parseInit } from '../core/mp4/read/init.ts';
import type { Archive, ArchivedKeyFrame, NearestTimes } from '../stream/archive.ts';
import { NotRecordedError } from '../stream/not-recorded.ts';
import type { LiveKeyFrame, RelayReader, Stream, StreamStatus } from '../stream/stream.ts';
import type { Decoder, Picture, StillJob } from './decoder/decoder.ts';
import { H264_KEY_FRAME } from './key-frames.table.ts';
import { OldPictureError } from './live-key-frame.ts';
import { Pictures } from './pictures.ts';

const never = new AbortController().signal;
const PICTURE: Picture = { bytes: Uint8Array.of(0xff, 0xd8, 0xff, 0xd9), width: 96, height: 64 };
const [NAL = new Uint8Array()] = H264_KEY_FRAME.nals;
const SAMPLE = Uint8Array.of(0, 0, 0, NAL.length, ...NAL);
/** Within a millisecond, as media time is. */
const RECORDED_UTC_MS = Date.UTC(2026, 0, 1, 9) + 0.889;

describe('Pictures', () => {
  let clock: ManualClock;
  let stream: CameraStream;
  let decoder: CountingDecoder;
  let pictures: Pictures;

  beforeEach(() => {
    clock = new ManualClock();
    stream = new CameraStream();
    decoder = new CountingDecoder();
    pictures = new Pictures({ clock, log: new MemoryLog(), decoder, archive: archiveOf() });
  });

  it('decodes the newest key frame once, in a listed size', async () => {
    stream.show(clock, 1000);
    const frame = await pictures.liveFrame(stream.asStream(), never);
    assert.equal(frame.utcMs, clock.utcMs() - 1000);
    for (const width of [300, 310, 320])
      assert.equal(await pictures.make(frame, { format: 'jpg', width }, never), PICTURE);
    assert.deepEqual(
      decoder.jobs.map(({ width }) => width),
      [320],
    );
    await pictures.make(frame, { format: 'jpg', width: undefined }, never);
    assert.equal(decoder.jobs.length, 2);
    assert.deepEqual(decoder.jobs[1]?.nals, H264_KEY_FRAME.nals);
    assert.equal(stream.attached.size, 0);
  });

  it('has one tag for one picture', async () => {
    stream.show(clock, 1000);
    const frame = await pictures.liveFrame(stream.asStream(), never);
    const tag = pictures.etag(frame, { format: 'jpg', width: 320 });
    assert.match(tag, /^"[\w-]{22}"$/);
    assert.equal(pictures.etag(frame, { format: 'jpg', width: 310 }), tag);
    assert.notEqual(pictures.etag(frame, { format: 'jpg', width: 640 }), tag);
    assert.notEqual(pictures.etag(frame, { format: 'mp4', width: 320 }), tag);
    assert.notEqual(pictures.etag({ ...frame, stream: 'other' }, { format: 'jpg', width: 320 }), tag);
    assert.notEqual(pictures.etag({ ...frame, utcMs: 0 }, { format: 'jpg', width: 320 }), tag);
  });

  it('wraps the frame as MP4 without decoding it', async () => {
    stream.show(clock, 1000);
    const frame = await pictures.liveFrame(stream.asStream(), never);
    const { bytes } = await pictures.make(frame, { format: 'mp4', width: undefined }, never);
    const { tracks, length } = parseInit(bytes);
    assert.equal(tracks.length, 1);
    const [run] = parseFragment(bytes, length)?.tracks ?? [];
    const [sample] = run?.samples ?? [];
    assert(sample !== undefined && sample.durationTicks > 0 && sample.key);
    assert.deepEqual(bytes.subarray(sample.offset, sample.offset + sample.size), SAMPLE);
    assert.equal(decoder.jobs.length, 0);
  });

  const AGES: readonly { readonly ageMs: number; readonly gopMs: number | undefined; readonly fresh: boolean }[] = [
    { ageMs: 10_000, gopMs: undefined, fresh: true },
    { ageMs: 10_001, gopMs: 2000, fresh: false },
    { ageMs: 19_999, gopMs: 10_000, fresh: true },
    { ageMs: 20_001, gopMs: 10_000, fresh: false },
  ];
  for (const { ageMs, gopMs, fresh } of AGES) {
    it(`${fresh ? 'shows' : 'does not show'} a picture that is ${ageMs} ms old at a GOP of ${gopMs ?? 'unknown'} ms`, async () => {
      stream.show(clock, ageMs, gopMs);
      const frame = pictures.liveFrame(stream.asStream(), never);
      if (fresh) await frame;
      else assert.equal((await rejects(frame, 'picture-stale', OldPictureError)).ageMs, ageMs);
    });
  }

  it('never shows a picture of a source that is away, and says how old it is', async () => {
    stream.show(clock, 1500);
    stream.now = { state: 'down', error: new WeirError('source-closed', 'The camera closed the connection') };
    const old = await rejects(pictures.liveFrame(stream.asStream(), never), 'stream-offline', OldPictureError);
    assert.equal(old.ageMs, 1500);
    assert.match(old.message, /closed the connection; the last picture is 1\.5 s old/);
    stream.now = { state: 'connecting', error: new WeirError('source-timeout', 'No answer') };
    await rejects(pictures.liveFrame(stream.asStream(), never), 'stream-offline', OldPictureError);
    stream.picture = undefined;
    await rejects(pictures.liveFrame(stream.asStream(), never), 'stream-offline', WeirError);
    stream.now = {
      state: 'idle',
      warnings: [],
      source: { kind: 'publish', label: '', attempts: 0, nextAttemptUtcMs: undefined, faults: {} },
    };
    await rejects(pictures.liveFrame(stream.asStream(), never), 'stream-offline', WeirError);
    assert.equal(stream.attached.size, 0);
  });

  it('opens a source that is opened on demand, and waits for its first key frame', async () => {
    stream.now = { state: 'idle' };
    stream.show(clock, 60_000);
    const frame = pictures.liveFrame(stream.asStream(), never);
    assert.equal(stream.attached.size, 1);
    stream.now = { state: 'live' };
    stream.deliver();
    stream.show(clock, 100);
    stream.deliver();
    assert.equal((await frame).utcMs, clock.utcMs() - 100);
    assert.equal(stream.attached.size, 0);
  });

  it('does not wait for ever', async () => {
    const live = pictures.liveFrame(stream.asStream(), never);
    clock.advance(5000);
    await rejects(live, 'no-picture', WeirError);
    stream.now = { state: 'connecting' };
    const connecting = pictures.liveFrame(stream.asStream(), never);
    clock.advance(5000);
    await rejects(connecting, 'stream-offline', WeirError);
    const left = new AbortController();
    const abandoned = pictures.liveFrame(stream.asStream(), left.signal);
    left.abort();
    await assert.rejects(abandoned, { name: 'AbortError' });
    const ended = pictures.liveFrame(stream.asStream(), never);
    for (const reader of stream.attached) reader.end(new WeirError('stream-removed', 'gone'));
    await rejects(ended, 'stream-removed', WeirError);
    assert.equal(stream.attached.size, 0);
  });

  it('says that a stream has no video', async () => {
    const format = {
      media: 'audio',
      encoding: 'PCMA',
      clockRate: 8000,
      payloadType: 8,
      fmtp: new Map<string, string>(),
      parameters: undefined,
    } as const;
    stream.now = {
      tracks: [{ format, bytes: 0, packets: 0, lost: 0, frames: 0, framesPerSecond: undefined, faults: {} }],
    };
    await rejects(pictures.liveFrame(stream.asStream(), never), 'codec-unsupported', WeirError);
  });

  it('takes a recorded key frame, or says what is nearest', async () => {
    const frame = await pictures.frameAt('s', RECORDED_UTC_MS + 500);
    assert.equal(frame.utcMs, RECORDED_UTC_MS);
    assert.deepEqual(await pictures.frameAt('s', Math.floor(frame.utcMs)), frame);
    await pictures.make(frame, { format: 'jpg', width: 320 }, never);
    assert.deepEqual(
      decoder.jobs[0]?.nals.map((nal) => Buffer.from(nal)),
      [Buffer.from(NAL)],
    );
    const missing = await rejects(pictures.frameAt('s', RECORDED_UTC_MS + 9000), 'not-recorded', NotRecordedError);
    assert(missing.afterUtcMs === undefined && missing.beforeUtcMs !== undefined);
    await rejects(pictures.frameAt('s', missing.beforeUtcMs), 'codec-data-invalid', WeirError);
    assert.match(missing.describe(), /2026-01-01T09:00:01\.999Z/);
    await rejects(pictures.frameAt('s', RECORDED_UTC_MS + 1500), 'codec-data-invalid', WeirError);
  });
});

/** What `Pictures` sees of a stream. */
class CameraStream {
  now: Partial<StreamStatus> = {};
  picture: LiveKeyFrame | undefined;
  readonly attached = new Set<RelayReader>();

  show(clock: ManualClock, ageMs: number, gopMs: number | undefined = 2000): void {
    const data = H264_KEY_FRAME.nals.map((nal) => [nal]);
    const unit = {
      ptsTicks: 0,
      dtsTicks: 0,
      key: true,
      damaged: false,
      data,
      byteLength: NAL.length,
      parameters: H264_KEY_FRAME.parameters,
    };
    this.picture = { unit, utcMs: clock.utcMs() - ageMs, gopMs, id: String(clock.utcMs() - ageMs) };
  }

  deliver(): void {
    const batch = {
      track: 0,
      buffer: Buffer.alloc(0),
      packets: 0,
      arrivalMs: 0,
      arrivalUtcMs: 0,
      ticks: 0,
      key: false,
      lostBefore: 0,
      frameEnd: true,
    };
    for (const reader of this.attached) reader.deliver(batch);
  }

  asStream(): Stream {
    const status = (): StreamStatus => ({
      state: 'live',
      sinceUtcMs: 0,
      error: undefined,
      warnings: [],
      source: { kind: 'rtsp', label: 'rtsp://192.0.2.10/', attempts: 1, nextAttemptUtcMs: undefined, faults: {} },
      tracks: [],
      readers: { rtsp: 0, hls: 0 },
      gopMs: undefined,
      lastKeyFrameUtcMs: undefined,
      memoryBytes: 0,
      ...this.now,
    });
    const attach: Stream['attach'] = (reader) => {
      this.attached.add(reader);
      const close = (): void => void this.attached.delete(reader);
      return { burst: [], close, [Symbol.dispose]: close };
    };
    const keyFrame = (): LiveKeyFrame | undefined => this.picture;
    const timeline = {
      stream: 's',
      use: unused,
      subscribe: unused,
      head: unused,
      changed: unused,
      segment: unused,
      init: unused,
    };
    return {
      name: 's',
      timeline,
      status,
      attach,
      keyFrame,
      tracks: unused,
      senderClock: unused,
      use: unused,
      onState: unused,
    };
  }
}

class CountingDecoder implements Decoder {
  readonly jobs: StillJob[] = [];

  async still(job: StillJob): Promise<Picture> {
    this.jobs.push(job);
    return PICTURE;
  }

  async close(): Promise<void> {}
}

/** Recorded from RECORDED_UTC_MS on for two seconds; the key frame in the second one is damaged on disk. */
function archiveOf(): Archive {
  return { spans: unused, gaps: unused, segments: unused, segment: unused, init: unused, keyFrame: recordedKeyFrame };
}

async function recordedKeyFrame(_stream: string, utcMs: number): Promise<ArchivedKeyFrame | NearestTimes> {
  const offsetMs = utcMs - RECORDED_UTC_MS;
  if (offsetMs < 0 || offsetMs >= 2000)
    return { kind: 'nearest', beforeUtcMs: RECORDED_UTC_MS + 2000, afterUtcMs: undefined };
  const sample = offsetMs < 1000 ? SAMPLE : SAMPLE.subarray(0, 20);
  return { kind: 'key-frame', utcMs: RECORDED_UTC_MS, sample, initHash: 'h', parameters: H264_KEY_FRAME.parameters };
}

function unused(): never {
  assert.fail('not for pictures');
}

async function rejects<E extends WeirError>(
  promise: Promise<unknown>,
  code: ErrorCode,
  kind: new (...args: never[]) => E,
): Promise<E> {
  let thrown: unknown;
  await assert.rejects(promise, (error: unknown) => {
    thrown = error;
    return error instanceof WeirError && error.code === code;
  });
  assert(thrown instanceof kind);
  return thrown;
}
