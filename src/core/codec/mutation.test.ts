/**
 * Seeded damage to RTP payloads of both video codecs: bytes changed, payloads cut, lost, doubled and swapped, timestamps and markers
 * moved. Whatever comes: no exception, units that keep their promises, nothing that grows, payloads untouched.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_STREAMS, payloadsOf, videoStream } from '../../../test/fixtures/streams/units.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { byteLengthOf, joined } from './access-unit.ts';
import type { RtpPayload } from './codec.ts';
import { unitFromSample } from './sample.ts';

const SEED = Number(process.env['WEIR_SEED'] ?? 20261124);
const ROUNDS = 60;

test('damaged payloads', () => {
  let packets = 0;
  for (const name of VIDEO_STREAMS) {
    const stream = videoStream(name);
    const clean = payloadsOf(stream, 300);
    for (let round = 0; round < ROUNDS; round++) {
      const label = `${name}, WEIR_SEED=${SEED}, round ${round}`;
      const random = seededRandom(SEED + round);
      const known = round % 2 === 0 ? stream.parameters : undefined;
      const depacketizer = stream.codec.depacketizer({ ...stream.format, parameters: known });
      let lastDts = Number.NEGATIVE_INFINITY;
      let out = 0;
      for (const payload of damaged(clean, random)) {
        const before = payload.payload.slice();
        stream.codec.peek(payload.payload);
        for (const unit of depacketizer.push(payload)) {
          assert.ok(unit.dtsTicks > lastDts && unit.dtsTicks <= unit.ptsTicks, label);
          assert.equal(unit.byteLength, byteLengthOf(unit.data.flat()), label);
          lastDts = unit.dtsTicks;
          out += unit.byteLength;
        }
        assert.equal(Buffer.compare(payload.payload, before), 0, label);
        packets += 1;
      }
      depacketizer.flush();
      const sent = clean.reduce((sum, { payload }) => sum + payload.length + 4, 0);
      assert.ok(out <= 2 * sent, `${label}: ${out} bytes out of ${sent}`);
    }
  }
  assert.ok(packets >= 20000, `only ${packets} packets`);
});

test('every truncation of a payload: no exception, and the next key frame is whole', () => {
  for (const name of VIDEO_STREAMS) {
    const stream = videoStream(name);
    const [first, ...rest] = payloadsOf(stream, 300).slice(0, 8);
    assert.ok(first);
    for (const cut of [first, ...rest]) {
      for (let length = 0; length < cut.payload.length; length++) {
        const payload = cut.payload.subarray(0, length);
        const depacketizer = stream.codec.depacketizer({ ...stream.format, parameters: undefined });
        stream.codec.peek(payload);
        depacketizer.push({ ...cut, payload });
        const later = payloadsOf(stream).slice(0, 10);
        const units = later.flatMap((one) => depacketizer.push({ ...one, ticks: one.ticks + 90000 }));
        assert.equal(units.findLast((unit) => unit.key)?.damaged, false, `${name}, cut to ${length}`);
      }
    }
  }
});

test('damaged samples', () => {
  const random = seededRandom(SEED);
  for (const name of VIDEO_STREAMS) {
    const { units, parameters } = videoStream(name);
    for (let i = 0; i < 500; i++) {
      const unit = units[i % units.length];
      const sample = new Uint8Array(300);
      sample.set(joined(unit?.data[0] ?? []).subarray(0, 250), 4);
      for (let at = 0; at < 8; at++) sample[Math.floor(random() * 12)] = Math.floor(random() * 256);
      const back = unitFromSample(sample, parameters, { ptsTicks: 0, dtsTicks: 0 }, 1 + (i % 4));
      assert.ok((back?.byteLength ?? 0) <= sample.length, `${name}, WEIR_SEED=${SEED}, ${i}`);
    }
  }
});

function damaged(clean: readonly RtpPayload[], random: () => number): readonly RtpPayload[] {
  const below = (end: number): number => Math.floor(random() * end);
  const list: RtpPayload[] = [];
  let lost = 0;
  for (const packet of clean) {
    const fate = random();
    if (fate < 0.03) {
      lost += 1;
      continue;
    }
    let payload = packet.payload;
    if (fate < 0.3) {
      payload = payload.slice(0, random() < 0.3 ? below(payload.length + 1) : payload.length);
      for (let faults = below(4); faults > 0 && payload.length > 0; faults--) {
        // Headers decide more than slice data does.
        payload[random() < 0.5 ? below(Math.min(4, payload.length)) : below(payload.length)] = below(256);
      }
    }
    const marker = random() < 0.05 ? !packet.marker : packet.marker;
    const ticks = random() < 0.03 ? packet.ticks + below(200000) - 100000 : packet.ticks;
    list.push({ payload, marker, ticks, lostBefore: lost });
    lost = 0;
    if (fate > 0.98) list.push(list[below(list.length)] ?? packet);
  }
  return list;
}
