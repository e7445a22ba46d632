import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import type { AccessUnit } from '../../core/codec/access-unit.ts';
import { isMuxable } from '../../core/codec/codec-parameters.ts';
import { formatFor } from '../../core/codec/registry.ts';
import { samplePieces, sampleSize } from '../../core/codec/sample.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import { writeFragment } from '../../core/mp4/write/fragment.ts';
import { writeInit } from '../../core/mp4/write/init.ts';
import type { SourceSink } from '../../stream/source.ts';
import { FileSource } from './file-source.ts';

const DEMO = fileURLToPath(new URL('../../../assets/demo.mp4', import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'weir-file-'));
after(() => rmSync(FOLDER, { recursive: true }));

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

interface Taken {
  readonly unit: AccessUnit;
  readonly arrivalMs: number;
}

/** Keeps what comes, by track. */
class Taking implements SourceSink {
  formats: readonly TrackFormat[] = [];
  readonly units: Taken[][] = [];
  flushes = 0;

  announce(tracks: readonly TrackFormat[]): ReturnType<SourceSink['announce']> {
    this.formats = tracks;
    return tracks.map((_, i) => {
      const units: Taken[] = (this.units[i] ??= []);
      return {
        packet: () => assert.fail('a file has access units'),
        senderReport: () => assert.fail('a file has no sender reports'),
        goodbye: () => assert.fail('a file sends none'),
        accessUnit: (unit, arrivalMs) => void units.push({ unit, arrivalMs }),
        flush: () => void this.flushes++,
      };
    });
  }
}

/** Turned by hand, and only once the source waits for it: what it reads from the disk takes real time. */
class StepClock extends ManualClock {
  #asleep = Promise.withResolvers<number>();

  override after(ms: number, call: () => void): Timer {
    const timer = super.after(ms, call);
    this.#asleep.resolve(ms);
    return timer;
  }

  /** Waits until somebody waits, and gives it just that time, or `ms`. */
  async step(ms?: number): Promise<void> {
    const wanted = await this.#asleep.promise;
    this.#asleep = Promise.withResolvers<number>();
    this.advance(ms ?? wanted);
  }
}

/** Runs a source for `seconds` of the clock, and ends it; `halt`: the process stands still so long. */
async function play(
  path: string,
  seconds: number,
  halt?: { readonly atS: number; readonly ms: number },
): Promise<Taking> {
  const clock = new StepClock();
  const sink = new Taking();
  const ending = new AbortController();
  const startMs = clock.monoMs();
  const running = new FileSource({ path, clock, log: silent, label: 'test' }).run(sink, ending.signal);
  let rest = halt;
  while (clock.monoMs() < startMs + seconds * 1000) {
    const halting = rest !== undefined && clock.monoMs() >= startMs + rest.atS * 1000;
    await Promise.race([running, clock.step(halting ? rest?.ms : undefined)]);
    if (halting) rest = undefined;
  }
  ending.abort();
  await running;
  return sink;
}

test('the demo clip loops without a seam', { timeout: 20_000 }, async () => {
  const { formats, units, flushes } = await play(DEMO, 50);
  assert.deepEqual(
    formats.map(({ media, encoding, clockRate, payloadType }) => ({ media, encoding, clockRate, payloadType })),
    [
      { media: 'video', encoding: 'H264', clockRate: 90_000, payloadType: 96 },
      { media: 'audio', encoding: 'MPEG4-GENERIC', clockRate: 48_000, payloadType: 97 },
    ],
  );
  const [video = [], audio = []] = units;
  assert.ok(Math.abs(video.length - 1250) <= 2, `${video.length} pictures`);
  assert.ok(Math.abs(audio.length - 2344) <= 3, `${audio.length} frames of audio`);
  assert.equal(flushes, video.length + audio.length);
  for (const [i, { unit }] of video.entries()) {
    assert.equal(unit.key, i % 50 === 0);
    assert.equal(unit.dtsTicks - (video[0]?.unit.dtsTicks ?? 0), i * 3600);
    assert.equal(unit.ptsTicks, unit.dtsTicks);
  }
  for (const [i, { unit }] of audio.entries()) assert.equal(unit.dtsTicks, i * 1024);
  assert.equal(video[600]?.unit.byteLength, video[0]?.unit.byteLength);
});

test('units come when they are due', async () => {
  const { units } = await play(DEMO, 3);
  const [video = []] = units;
  const first = video[0];
  assert.ok(first);
  for (const [i, { arrivalMs }] of video.entries()) {
    assert.ok(Math.abs(arrivalMs - first.arrivalMs - 40 * i) < 1e-6, `picture ${i}: ${arrivalMs - first.arrivalMs} ms`);
  }
});

test('after a halt of the process the film goes on from where it was', async () => {
  const { units } = await play(DEMO, 14, { atS: 2, ms: 10_000 });
  const [video = []] = units;
  // 4 s of film in 14 s.
  assert.ok(video.length >= 90 && video.length <= 110, `${video.length} pictures`);
  for (const [i, { unit }] of video.entries()) assert.equal(unit.dtsTicks - (video[0]?.unit.dtsTicks ?? 0), i * 3600);
});

test('a recording that is cut off plays as far as it is whole', async () => {
  const demo = await play(DEMO, 2.1);
  const pictures = (demo.units[0] ?? []).slice(0, 50).map(({ unit }) => unit);
  const first = pictures[0];
  assert.ok(first !== undefined && isMuxable(first.parameters));
  const chunks = [writeInit([{ trackId: 1, timescale: 90_000, parameters: first.parameters }])];
  for (let i = 0; i < 50; i += 10) {
    const samples = pictures.slice(i, i + 10).map((unit) => ({
      durationTicks: 3600,
      compositionOffsetTicks: 0,
      key: unit.key,
      pieces: samplePieces(unit),
      size: sampleSize(unit),
    }));
    const baseDecodeTicks = 1_795_507_200 * 90_000 + i * 3600;
    chunks.push(writeFragment({ sequence: i, tracks: [{ trackId: 1, baseDecodeTicks, samples }] }).bytes);
  }
  const path = join(FOLDER, 'cut.mp4');
  const whole = Buffer.concat(chunks);
  writeFileSync(path, whole.subarray(0, whole.length - 10));
  const { units, formats } = await play(path, 3);
  assert.deepEqual(formats, [formatFor(first.parameters, 96)]);
  const sizes = units[0]?.map(({ unit }) => unit.byteLength) ?? [];
  // The last picture lost its end.
  const expected = pictures.slice(0, 49).map((unit) => unit.byteLength);
  assert.ok(sizes.length > 60);
  assert.deepEqual(sizes.slice(0, 60), [...expected, ...expected].slice(0, 60));
});

test('what cannot be played has a code', async () => {
  const demo = readFileSync(DEMO);
  const table: readonly [string, Uint8Array | undefined, string][] = [
    ['missing.mp4', undefined, 'source-file-missing'],
    ['empty.mp4', new Uint8Array(), 'mp4-invalid'],
    ['text.mp4', new TextEncoder().encode('This is not a film, whatever its name says.'), 'mp4-invalid'],
    ['cut-in-moov.mp4', demo.subarray(0, 2000), 'mp4-invalid'],
    [
      'no-codec.mp4',
      Buffer.from(demo.toString('latin1').replaceAll('avc1', 'zzz1').replaceAll('mp4a', 'zzza'), 'latin1'),
      'codec-unsupported',
    ],
  ];
  for (const [name, bytes, code] of table) {
    const path = join(FOLDER, name);
    if (bytes !== undefined) writeFileSync(path, bytes);
    await assert.rejects(play(path, 1), (error) => error instanceof WeirError && error.code === code, name);
  }
  await assert.rejects(play(FOLDER, 1), { code: 'source-file-missing' });
});

test('it ends at once when it is told to, before and while it plays', async () => {
  const clock = new ManualClock();
  const sink = new Taking();
  await new FileSource({ path: DEMO, clock, log: silent, label: 'test' }).run(sink, AbortSignal.abort());
  assert.deepEqual(sink.formats, []);
  const { units } = await play(DEMO, 0.1);
  assert.ok((units[0]?.length ?? 0) > 0);
});
