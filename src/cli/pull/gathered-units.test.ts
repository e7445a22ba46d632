import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import type { AccessUnit } from '../../core/codec/access-unit.ts';
import { AUDIO } from '../../core/mp4/film.table.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { AAC_FORMAT } from '../../stream/fake-camera.ts';
import { Relay } from '../../stream/relay.ts';
import { GatheredUnits, MAX_GATHERED_BYTES, MAX_GATHERED_UNITS } from './gathered-units.ts';

test('the newest are kept, up to so many and so many bytes', () => {
  const rows = [
    { byteLength: 100, given: 10, kept: 10 },
    { byteLength: 100, given: MAX_GATHERED_UNITS + 5, kept: MAX_GATHERED_UNITS },
    { byteLength: MAX_GATHERED_BYTES / 4, given: 4, kept: 4 },
    { byteLength: MAX_GATHERED_BYTES / 4 + 1, given: 9, kept: 3 },
    { byteLength: MAX_GATHERED_BYTES + 1, given: 2, kept: 1 },
  ];
  const live = liveTrack();
  for (const { byteLength, given, kept } of rows) {
    const gathered = new GatheredUnits();
    for (let i = 0; i < given; i++) gathered.push({ live, unit: unitOf(i, byteLength) });
    const { all } = gathered;
    assert.deepEqual([all.length, all.at(-1)?.unit.ptsTicks, all[0]?.unit.ptsTicks], [kept, given - 1, given - kept]);
  }
});

function unitOf(ticks: number, byteLength: number): AccessUnit {
  return { ptsTicks: ticks, dtsTicks: ticks, key: true, damaged: false, data: [], byteLength, parameters: AUDIO };
}

function liveTrack(): Relay['tracks'][number] {
  const listener = { batch: () => {}, media: () => {}, pause: () => {}, formats: () => {} };
  const relay = new Relay({ clock: new ManualClock(), random: seededRandom(5), listener });
  const attempt = relay.begin();
  attempt.sink.announce([AAC_FORMAT]);
  const [live] = relay.tracks;
  assert.ok(live !== undefined);
  attempt.end();
  return live;
}
