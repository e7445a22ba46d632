import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFile, MP4BoxBuffer } from 'mp4box';
import { AUDIO, FRAGMENTS, TRACKS, VIDEO } from '../film.table.ts';
import { mutant, SeededRandom } from '../mutants.table.ts';
import { WeirError } from '../../errors.ts';
import { descendant } from '../read/boxes.ts';
import { findMoov, parseInit } from '../read/init.ts';
import { withDurations, withoutDurations } from './durations.ts';
import { writeFragment } from './fragment.ts';
import { writeInit } from './init.ts';
import { writeSinglePicture } from './single-picture.ts';

test('the tracks of an init are read back', () => {
  const init = writeInit(TRACKS);
  const parsed = parseInit(init);
  assert.equal(parsed.length, init.length);
  assert.deepEqual(
    parsed.tracks.map(({ trackId, timescale, media }) => ({ trackId, timescale, media })),
    [
      { trackId: 1, timescale: 90_000, media: 'video' },
      { trackId: 2, timescale: 48_000, media: 'audio' },
    ],
  );
  assert.deepEqual(parsed.tracks[0]?.sampleEntries, [VIDEO.sampleEntry]);
  assert.deepEqual(parsed.tracks[1]?.sampleEntries, [AUDIO.sampleEntry]);
});

test('the same set-up gives the same bytes, another one others', () => {
  assert.deepEqual(writeInit(TRACKS), writeInit(structuredClone(TRACKS)));
  assert.notDeepEqual(writeInit(TRACKS), writeInit(TRACKS.slice(0, 1)));
});

test('an init that is cut off is an error at every length', () => {
  const init = writeInit(TRACKS);
  for (let length = 0; length < init.length; length++) {
    assert.throws(() => parseInit(init.subarray(0, length)), { code: 'mp4-invalid' });
  }
});

test('damaged inits give an error with a place, or tracks', () => {
  const seed = 20_261_125;
  const random = new SeededRandom(seed);
  const init = writeInit(TRACKS);
  for (let round = 0; round < 10_000; round++) {
    const bytes = mutant(init, random);
    try {
      parseInit(bytes);
      withDurations(bytes, () => 5);
    } catch (error) {
      assert.ok(
        error instanceof WeirError && error.code === 'mp4-invalid',
        `seed ${seed}, round ${round}: ${String(error)}`,
      );
    }
  }
});

test('durations filled in and taken out again leave the first bytes', () => {
  const init = writeInit(TRACKS);
  const filled = withDurations(init, (trackId) => (trackId === 1 ? 90_000 * 61 + 1 : 48_000 * 60));
  assert.equal(filled.length, init.length);
  assert.notDeepEqual(filled, init);
  assert.deepEqual(withoutDurations(filled), init);
});

test('another reader finds tracks, durations and samples (mp4box)', () => {
  const input = FRAGMENTS['a key frame and what follows, with audio'];
  assert.ok(input);
  const init = withDurations(writeInit(TRACKS), (trackId) => (trackId === 1 ? 10_800 : 2048));
  const { bytes } = writeFragment({ ...input, prefix: init });
  const file = createFile();
  const samples: unknown[] = [];
  let found: unknown;
  file.onReady = (info) => {
    const duration = Number(info.fragment_duration?.num) / Number(info.fragment_duration?.den);
    found = { duration, fragmented: info.isFragmented, codecs: info.tracks.map((track) => track.codec) };
    file.setExtractionOptions(1);
    file.start();
  };
  file.onSamples = (_id, _user, list) => {
    samples.push(...list.map(({ dts, cts, size, is_sync: key, data }) => ({ dts, cts, size, key, first: data?.[0] })));
  };
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(new Uint8Array(bytes).buffer, 0));
  file.flush();
  assert.deepEqual(found, { duration: 0.12, fragmented: true, codecs: ['avc1.64001f', 'mp4a.40.2'] });
  assert.deepEqual(samples, [
    { dts: 0, cts: 0, size: 40, key: true, first: 1 },
    { dts: 3600, cts: 3600, size: 9, key: false, first: 2 },
    { dts: 7200, cts: 7200, size: 9, key: false, first: 3 },
  ]);
});

test('the size that is shown has square pixels', () => {
  const shape = { media: 'video', width: 704, height: 576, aspect: [16, 11], frameRate: undefined } as const;
  const init = writeInit([{ trackId: 1, timescale: 90_000, parameters: { ...VIDEO, shape } }]);
  const tkhd = descendant(findMoov(init), 'trak', 'tkhd');
  const view = new DataView(init.buffer, tkhd.end - 8);
  assert.deepEqual([view.getUint32(0) / 65_536, view.getUint32(4) / 65_536], [1024, 576]);
});

test('a single picture is an init and one sample, its length filled in', () => {
  const pieces = [new Uint8Array([0, 0, 0, 1]), new Uint8Array([0x65])];
  const bytes = writeSinglePicture({ parameters: VIDEO, pieces, size: 5 });
  const { length, tracks } = parseInit(bytes);
  assert.deepEqual(tracks[0]?.sampleEntries, [VIDEO.sampleEntry]);
  assert.deepEqual([...bytes.subarray(-5)], [0, 0, 0, 1, 0x65]);
  const init = writeInit([{ trackId: 1, timescale: tracks[0].timescale, parameters: VIDEO }]);
  assert.deepEqual(withoutDurations(bytes.subarray(0, length)), init);
});
