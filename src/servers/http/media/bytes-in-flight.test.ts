import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BytesInFlight } from './bytes-in-flight.ts';

test('what many take from the same memory counts once', () => {
  const inFlight = new BytesInFlight(100);
  const shared = {};
  const letGo = [1, 2, 3].map(() => inFlight.hold(shared, 60));
  assert.equal(inFlight.bytes, 60);
  const other = inFlight.hold({}, 40);
  assert.equal(inFlight.bytes, 100);
  for (const go of letGo) go();
  assert.equal(inFlight.bytes, 40);
  other();
  assert.equal(inFlight.bytes, 0);
});

test('past the limit it refuses, and counts; one alone passes', () => {
  const inFlight = new BytesInFlight(100);
  const large = inFlight.hold({}, 500);
  assert.throws(() => inFlight.hold({}, 1), { code: 'limit-reached' });
  assert.equal(inFlight.refused, 1);
  large();
  inFlight.hold({}, 99)();
  assert.equal(inFlight.bytes, 0);
});
