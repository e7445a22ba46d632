import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_STREAMS, depacketize, payloadsOf, videoStream } from '../../../../test/fixtures/streams/units.ts';
import { joined, mutated } from '../../../../test/harness/mutations.ts';
import { seededRandom } from '../../../../test/harness/seeded-random.ts';
import { wholeData, type AccessUnit } from '../access-unit.ts';

const SEED = Number(process.env['WEIR_SEED'] ?? 20261124);

test('payloads of any size, cut to any size, unpack to the same units', () => {
  for (const name of VIDEO_STREAMS) {
    const stream = videoStream(name);
    for (const packed of [300, 1400, 60000]) {
      for (const limit of [64, 100, 299, 1200]) {
        const cut = payloadsOf(stream, packed).flatMap((packet) => {
          const pieces = stream.codec.split?.(packet.payload, limit) ?? [];
          assert.ok(
            pieces.length > 0 && pieces.every((piece) => piece.length <= limit),
            `${name}, ${packed} to ${limit}`,
          );
          return pieces.map((payload, i) => ({ ...packet, payload, marker: packet.marker && i === pieces.length - 1 }));
        });
        assert.deepEqual(
          bytesOf(depacketize(stream, cut).units),
          bytesOf(stream.units),
          `${name}, ${packed} to ${limit}`,
        );
      }
    }
  }
});

test('rubbish is cut or handed back, within bounds, and untouched', () => {
  const random = seededRandom(SEED);
  for (const name of VIDEO_STREAMS) {
    const stream = videoStream(name);
    const payloads = payloadsOf(stream, 2000).filter(({ payload }) => payload.length > 64);
    for (let round = 0; round < 2000; round++) {
      const payload = mutated(payloads[round % payloads.length]?.payload ?? joined([]), random);
      const before = payload.slice();
      const pieces = stream.codec.split?.(payload, 64) ?? [];
      const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
      assert.ok(
        bytes <= 2 * payload.length,
        `WEIR_SEED=${SEED}, ${name}, round ${round}: ${bytes} of ${payload.length}`,
      );
      assert.deepEqual(payload, before);
    }
  }
});

function bytesOf(units: readonly AccessUnit[]): readonly unknown[] {
  return units.map((unit) => [
    unit.key,
    unit.damaged,
    ...wholeData(unit).map((nal) => Buffer.from(nal).toString('base64')),
  ]);
}
