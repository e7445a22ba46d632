import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIO, VIDEO } from '../film.table.ts';
import type { Box } from '../read/boxes.ts';
import { descendant } from '../read/boxes.ts';
import { findMoov } from '../read/init.ts';
import { Movie } from '../read/movie.ts';
import { GrowingColumns, type SampleColumns, type SampleRow } from '../read/sample-columns.ts';
import { writeMoov, type MovieTrackInput } from './movie.ts';

function columns(rows: readonly SampleRow[]): SampleColumns {
  const samples = new GrowingColumns();
  for (const row of rows) samples.push(row);
  return samples;
}

function rowsOf(samples: SampleColumns): readonly SampleRow[] {
  return Array.from({ length: samples.count }, (_, i) => ({
    offset: samples.offset(i),
    size: samples.size(i),
    dtsTicks: samples.dtsTicks(i),
    durationTicks: samples.durationTicks(i),
    compositionTicks: samples.compositionTicks(i),
    key: samples.key(i),
    entry: samples.entry(i),
  }));
}

/** Ten pictures with B-frames in three pieces of the file, `far` bytes apart; another set-up from the eighth on. */
function pictures(firstDts: number, far: number): readonly SampleRow[] {
  return Array.from({ length: 10 }, (_, i) => ({
    offset: 1000 + Math.floor(i / 4) * far + (i % 4) * 100,
    size: 100,
    dtsTicks: firstDts + i * 3600 + (i > 5 ? 17 : 0),
    durationTicks: i === 5 ? 3617 : 3600,
    compositionTicks: [7200, 14_400, 7200, 0, 3600][i % 5] ?? 0,
    key: i % 5 === 0,
    entry: i < 7 ? 0 : 1,
  }));
}

function sounds(firstDts: number): readonly SampleRow[] {
  return Array.from({ length: 20 }, (_, i) => ({
    offset: 50_000 + i * 10,
    size: 10,
    dtsTicks: firstDts + i * 1024,
    durationTicks: 1024,
    compositionTicks: 0,
    key: true,
    entry: 0,
  }));
}

function input(video: readonly SampleRow[], audio: readonly SampleRow[]): readonly MovieTrackInput[] {
  return [
    { trackId: 1, timescale: 90_000, entries: [VIDEO, VIDEO], samples: columns(video) },
    { trackId: 2, timescale: 48_000, entries: [AUDIO], samples: columns(audio) },
  ];
}

function read(bytes: Uint8Array): { readonly movie: Movie; readonly moov: Box } {
  const moov = findMoov(bytes);
  return { movie: new Movie(moov), moov };
}

test('the samples of a film are read back, near and past 4 GB', () => {
  for (const far of [10_000, 2 ** 32]) {
    const [video, audio] = [pictures(0, far), sounds(0)];
    const { movie } = read(writeMoov(input(video, audio)));
    assert.equal(movie.fragmented, false);
    assert.deepEqual(rowsOf(movie.tracks[0]?.samples ?? columns([])), video);
    assert.deepEqual(rowsOf(movie.tracks[1]?.samples ?? columns([])), audio);
  }
});

test('picture and sound are shown where they stood on their common line', () => {
  // The first picture is shown at 0, decoded two frames before; sound begins 100 ms later.
  const { movie } = read(writeMoov(input(pictures(-7200, 10_000), sounds(4800))));
  const [video, audio] = movie.tracks;
  assert.ok(video !== undefined && audio !== undefined);
  assert.equal(video.samples.compositionTicks(0) + video.shiftTicks, 0);
  assert.equal(audio.shiftTicks, 4800);
});

test('durations longer than 32 bits of ticks are kept', () => {
  const long = 48 * 3600;
  const rows = pictures(0, 10_000).map((row) => ({
    ...row,
    dtsTicks: row.dtsTicks * long,
    durationTicks: 3600 * long,
  }));
  const { moov } = read(writeMoov(input(rows, sounds(0))));
  const mdhd = descendant(moov, 'trak', 'mdia', 'mdhd');
  const view = new DataView(mdhd.bytes.buffer, mdhd.bytes.byteOffset + mdhd.content);
  assert.equal(view.getUint8(0), 1);
  assert.equal(view.getBigUint64(24), BigInt(9 * (3600 * long) + 17 * long + 3600 * long));
});
