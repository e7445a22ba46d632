import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AUDIO, TRACKS, VIDEO } from '../../core/mp4/film.table.ts';
import { MovieFile } from '../../sources/file/movie-file.ts';
import { MovieWriter, type MovieSample } from './movie-writer.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'weir-movie-'));
after(() => rmSync(FOLDER, { recursive: true }));

/** A second of pictures and sound; every byte of a sample is its number. */
function second(s: number): readonly (readonly MovieSample[])[] {
  const video = Array.from({ length: 25 }, (_, i): MovieSample => {
    const bytes = new Uint8Array(100 + i).fill(25 * s + i);
    const dtsTicks = (25 * s + i) * 3600 - 3600;
    const times = { dtsTicks, durationTicks: 3600, compositionOffsetTicks: 3600 };
    return { ...times, key: i === 0, pieces: [bytes], size: bytes.length, parameters: VIDEO };
  });
  const audio = Array.from({ length: 47 }, (_, i): MovieSample => {
    const dtsTicks = (47 * s + i) * 1024;
    const times = { dtsTicks, durationTicks: 1024, compositionOffsetTicks: 0 };
    return { ...times, key: true, pieces: [new Uint8Array(10)], size: 10, parameters: AUDIO };
  });
  return [video, audio];
}

async function contents(path: string): Promise<readonly [boolean, readonly number[], readonly number[]]> {
  await using file = await MovieFile.open(path);
  const [video, audio] = file.movie.tracks;
  assert.ok(video !== undefined && audio !== undefined);
  const firsts: number[] = [];
  for (let i = 0; i < video.samples.count; i++) {
    const bytes = await file.read(video.samples.offset(i), video.samples.size(i));
    assert.equal(new Set(bytes).size, 1);
    firsts.push(bytes[0] ?? -1);
  }
  return [file.movie.fragmented, firsts, [audio.samples.count, video.samples.dtsTicks(1) - video.samples.dtsTicks(0)]];
}

test('a film can be played while it grows, and is a plain one when it is closed', async () => {
  const path = join(FOLDER, 'film.mp4');
  const writer = MovieWriter.create(path, false, TRACKS);
  for (const s of [0, 1]) writer.append(second(s));
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  assert.deepEqual(await contents(path), [true, numbers, [94, 3600]]);
  writer.close();
  assert.deepEqual(await contents(path), [false, numbers, [94, 3600]]);
});

test('what is there already stays, unless it is to be overwritten', () => {
  const path = join(FOLDER, 'twice.mp4');
  MovieWriter.create(path, false, TRACKS).close();
  const before = readFileSync(path);
  assert.throws(() => MovieWriter.create(path, false, TRACKS), { code: 'file-exists' });
  assert.deepEqual(readFileSync(path), before);
  MovieWriter.create(path, true, TRACKS.slice(0, 1)).close();
  assert.notDeepEqual(readFileSync(path), before);
});

test('where nothing can be written it has a code', () => {
  for (const path of [join(FOLDER, 'no', 'such', 'folder.mp4'), FOLDER, '/dev/null'])
    assert.throws(() => MovieWriter.create(path, true, TRACKS), { code: 'file-not-written' }, path);
});
