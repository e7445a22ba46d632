import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { civilFromUtcMs, compactUtc, isoUtc, parseCompactUtc, utcMsFromCivil } from './civil.ts';

const DAY_MS = 86_400_000;

/** Text, UTC milliseconds. */
const MOMENTS: readonly (readonly [string, number])[] = [
  ['19700101T000000Z', 0],
  ['19691231T235959.999Z', -1],
  ['20261124T101500.250Z', Date.UTC(2026, 10, 24, 10, 15, 0, 250)],
  ['20240229T000000Z', Date.UTC(2024, 1, 29)],
  ['20000229T235959Z', Date.UTC(2000, 1, 29, 23, 59, 59)],
  ['99991231T235959.999Z', Date.UTC(9999, 11, 31, 23, 59, 59, 999)],
];

const NONE = [
  '20260231T000000Z',
  '20250229T000000Z',
  '21000229T000000Z',
  '20260431T000000Z',
  '20260100T000000Z',
  '20260001T000000Z',
  '20261301T000000Z',
  '20260101T240000Z',
  '20260101T006000Z',
  '20260101T000061Z',
  '20260101T000000',
  '20260101',
  '20260101t000000z',
  '2026-01-01T00:00:00Z',
  '20260101T000000.Z',
  '',
];

describe('civil time', () => {
  for (const [text, utcMs] of MOMENTS) {
    it(`${text} is ${utcMs}, and back`, () => {
      assert.equal(parseCompactUtc(text), utcMs);
      assert.equal(compactUtc(utcMs), text);
    });
  }

  for (const text of NONE) it(`'${text}' is none`, () => assert.equal(parseCompactUtc(text), undefined));

  it('takes a leap second as the first of the next minute, and rounds fractions', () => {
    assert.equal(parseCompactUtc('20161231T235960Z'), Date.UTC(2017, 0, 1));
    assert.equal(parseCompactUtc('20260101T000000.0006Z'), Date.UTC(2026, 0, 1, 0, 0, 0, 1));
  });

  it('agrees with the platform on days of 1200 years, both ways', () => {
    for (let days = -365_000; days <= 73_000; days += 13) {
      const utcMs = days * DAY_MS + 12_345_678;
      assert.equal(isoUtc(utcMs), new Date(utcMs).toISOString());
      const { millisecond, ...civil } = civilFromUtcMs(utcMs);
      assert.equal((utcMsFromCivil(civil) ?? 0) + millisecond, utcMs);
    }
  });
});
