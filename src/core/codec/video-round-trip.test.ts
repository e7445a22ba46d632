/** Both video codecs over real streams: what is packed comes out again, however a device marks, fragments or loses it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_STREAMS, depacketize, payloadsOf, videoStream } from '../../../test/fixtures/streams/units.ts';
import type { VideoStream } from '../../../test/fixtures/streams/units.ts';
import { wholeData } from './access-unit.ts';
import type { AccessUnit } from './access-unit.ts';
import type { RtpPayload } from './codec.ts';

const STREAMS = VIDEO_STREAMS.map((name) => ({ name, stream: videoStream(name) }));

test('packed and unpacked: the same units, with the decode times that ffprobe gives', () => {
  for (const { name, stream } of STREAMS) {
    for (const limit of [64, 100, 1400, 60000]) {
      const payloads = payloadsOf(stream, limit);
      assert.ok(payloads.every(({ payload }) => payload.length <= limit));
      for (const format of [stream.format, { ...stream.format, parameters: undefined }]) {
        const { units, dropped } = depacketize(stream, payloads, format);
        assertSame(units, stream.units, `${name}, ${limit}`);
        assert.deepEqual(dropped, {});
      }
    }
  }
});

test('payloads are not written to', () => {
  for (const { stream } of STREAMS) {
    const payloads = payloadsOf(stream);
    const before = payloads.map(({ payload }) => payload.slice());
    depacketize(stream, payloads);
    assert.deepEqual(
      payloads.map(({ payload }) => payload),
      before,
    );
  }
});

test('marker on every packet (Tapo TC70, Reolink Duo 2: mf#352) and never (FLIR M400: mtx#3945): the same units', () => {
  for (const { name, stream } of STREAMS) {
    for (const limit of [100, 1400]) {
      const payloads = payloadsOf(stream, limit);
      for (const marker of [true, false]) {
        const { units } = depacketize(
          stream,
          payloads.map((payload) => ({ ...payload, marker })),
        );
        assertSame(units, stream.units, `${name}, ${limit}, marker ${marker}`);
      }
    }
  }
});

test('every packet lost in turn: what is not flagged is what was sent, and the next key frame mends it', () => {
  for (const { name, stream } of STREAMS) {
    const payloads = payloadsOf(stream, 300);
    const secondKey = stream.units.findLastIndex((unit) => unit.key);
    const keyPts = stream.units[secondKey]?.ptsTicks ?? 0;
    for (let lost = 0; lost < payloads.length; lost++) {
      const { units } = depacketize(stream, without(payloads, lost), { ...stream.format });
      assertMonotonic(units, `${name} without packet ${lost}`);
      for (const unit of units) if (!unit.damaged) assertSent(unit, stream, `${name} without packet ${lost}`);
      if (lost >= payloads.findIndex(({ ticks }) => ticks === keyPts)) continue;
      const mended = units.filter((unit) => unit.ptsTicks >= keyPts && !unit.damaged).length;
      const sent = stream.units.slice(secondKey).filter((unit) => unit.ptsTicks >= keyPts).length;
      assert.ok(mended >= sent - 1, `${name} without packet ${lost}: ${mended} of ${sent} after the second key frame`);
    }
  }
});

test('a loss flags what depends on it until the next key frame', () => {
  for (const { name, stream } of STREAMS) {
    const payloads = payloadsOf(stream, 300);
    const lost = payloads.findIndex(({ ticks }) => ticks === stream.units[5]?.ptsTicks);
    const { units } = depacketize(stream, without(payloads, lost));
    const flagged = units.filter((unit) => unit.damaged);
    const secondKey = stream.units.findLastIndex((unit) => unit.key);
    assert.ok(flagged.length >= secondKey - 6, `${name}: ${flagged.length} flagged`);
    assert.ok(!units.slice(0, 5).some((unit) => unit.damaged), name);
    assert.equal(units.findLast((unit) => unit.key)?.damaged, false, name);
  }
});

test('leading pictures of a CRA are flagged if what was before it is damaged, others after it are not', () => {
  const stream = videoStream('pyramid-h265');
  const key = stream.units.findLastIndex((unit) => unit.key);
  const keyPts = stream.units[key]?.ptsTicks ?? 0;
  assert.ok(stream.units.slice(key).some((unit) => unit.ptsTicks < keyPts));
  const { units } = depacketize(stream, without(payloadsOf(stream), 4));
  const after = units.slice(units.findLastIndex((unit) => unit.key));
  assert.deepEqual(
    after.map((unit) => unit.damaged),
    after.map((unit) => unit.ptsTicks < keyPts),
  );
});

test('who joins within a GOP gets flagged pictures up to the key frame', () => {
  for (const { name, stream } of STREAMS) {
    const payloads = payloadsOf(stream, 300).slice(10);
    const { units } = depacketize(stream, payloads);
    const key = units.findIndex((unit) => unit.key);
    assert.ok(key > 0, name);
    assert.ok(
      units.slice(0, key).every((unit) => unit.damaged),
      name,
    );
    assert.equal(units[key]?.damaged, false, name);
  }
});

test('flush: where ends are marked, a unit without one is cut off', () => {
  for (const { name, stream } of STREAMS) {
    const payloads = payloadsOf(stream, 100);
    const cut = payloads.findLastIndex(({ ticks }, i) => ticks === payloads[i + 1]?.ticks);
    const { units } = depacketize(stream, payloads.slice(0, cut + 1));
    assert.equal(units.at(-1)?.damaged, true, name);
    assert.equal(units.at(-2)?.damaged, false, name);
  }
});

test('peek finds each key frame once a slice, and the sets', () => {
  for (const { name, stream } of STREAMS) {
    for (const limit of [100, 1400]) {
      const payloads = payloadsOf(stream, limit);
      const keys = new Set(payloads.filter(({ payload }) => stream.codec.peek(payload).key).map(({ ticks }) => ticks));
      const expected = stream.units.filter((unit) => unit.key).map((unit) => unit.ptsTicks);
      assert.deepEqual([...keys], expected, `${name}, ${limit}`);
      const sets = payloads.filter(({ payload }) => stream.codec.peek(payload).parameterSets).map(({ ticks }) => ticks);
      assert.deepEqual([...new Set(sets)], expected, `${name}, ${limit}`);
    }
  }
});

test('an 8 MB unit is the limit: more is dropped and counted, and the next key frame mends it', () => {
  const { stream } = STREAMS[0] ?? {};
  assert.ok(stream);
  const payloads = payloadsOf(stream);
  const filler = new Uint8Array(60000).fill(0xaa);
  filler[0] = 0x41;
  const flood = Array.from({ length: 150 }, () => ({ payload: filler, marker: false, ticks: 3600 * 4, lostBefore: 0 }));
  const at = payloads.findIndex(({ ticks }) => ticks === 3600 * 4);
  const { units, dropped } = depacketize(stream, [...payloads.slice(0, at), ...flood, ...payloads.slice(at)]);
  assert.equal(dropped['unit-too-large'], 1);
  assert.equal(units.length, stream.units.length - 1);
  assert.deepEqual(
    units.map((unit) => unit.damaged),
    stream.units.flatMap((_, i) => (i === 4 ? [] : [i > 4 && i < 15])),
  );
});

test('a flood of tiny NAL units is bounded too', () => {
  const { stream } = STREAMS[0] ?? {};
  assert.ok(stream);
  const aggregate = new Uint8Array(1 + 3 * 20000);
  aggregate[0] = 24;
  for (let at = 1; at < aggregate.length; at += 3) aggregate.set([0, 1, 6], at);
  const depacketizer = stream.codec.depacketizer(stream.format);
  for (let i = 0; i < 5; i++) depacketizer.push({ payload: aggregate, marker: false, ticks: 0, lostBefore: 0 });
  depacketizer.push({ payload: Uint8Array.of(0x41, 0x9a), marker: true, ticks: 3600, lostBefore: 0 });
  assert.equal(depacketizer.dropped['unit-too-large'], 1);
});

test('without any parameter sets nothing comes out, and the reason is counted', () => {
  for (const { name, stream } of STREAMS) {
    const payloads = payloadsOf(stream).filter(({ payload }) => !stream.codec.peek(payload).parameterSets);
    const { units, dropped } = depacketize(stream, payloads, { ...stream.format, parameters: undefined });
    assert.equal(units.length, 0, name);
    assert.ok((dropped['slice-without-parameter-sets'] ?? 0) >= stream.units.length, name);
  }
});

test('sets of SDP are enough: IDR without sets before it', () => {
  for (const { name, stream } of STREAMS) {
    const payloads = payloadsOf(stream).filter(({ payload }) => !stream.codec.peek(payload).parameterSets);
    assertSame(depacketize(stream, payloads).units, stream.units, name);
  }
});

/** Decode times may be shifted as a whole: a file begins at or below 0. */
function assertSame(units: readonly AccessUnit[], expected: readonly AccessUnit[], name: string): void {
  assert.equal(units.length, expected.length, `${name}: number of units`);
  for (const [i, unit] of units.entries()) {
    const { ptsTicks, dtsTicks, key, byteLength, parameters } = expected[i] ?? unit;
    const label = `${name}, unit ${i}`;
    assert.deepEqual(
      {
        ptsTicks: unit.ptsTicks,
        dtsTicks: unit.dtsTicks,
        key: unit.key,
        damaged: unit.damaged,
        byteLength: unit.byteLength,
      },
      { ptsTicks, dtsTicks, key, damaged: false, byteLength },
      label,
    );
    assert.ok(sameData(unit, expected[i] ?? unit), `${label}: bytes`);
    assert.equal(unit.parameters.identity, parameters.identity, label);
  }
}

function assertSent(unit: AccessUnit, stream: VideoStream, name: string): void {
  const sent = stream.units.find((one) => one.ptsTicks === unit.ptsTicks);
  assert.ok(sent !== undefined && sameData(unit, sent), `${name}: unit at ${unit.ptsTicks} is not what was sent`);
}

function assertMonotonic(units: readonly AccessUnit[], name: string): void {
  for (const [i, unit] of units.entries()) {
    assert.ok(unit.dtsTicks <= unit.ptsTicks, name);
    assert.ok(i === 0 || unit.dtsTicks > (units[i - 1]?.dtsTicks ?? 0), name);
  }
}

function sameData(one: AccessUnit, other: AccessUnit): boolean {
  const [a, b] = [wholeData(one), wholeData(other)];
  return a.length === b.length && a.every((nal, i) => Buffer.compare(nal, b[i] ?? new Uint8Array()) === 0);
}

function without(payloads: readonly RtpPayload[], lost: number): readonly RtpPayload[] {
  return payloads.flatMap((payload, i) =>
    i === lost ? [] : i === lost + 1 ? [{ ...payload, lostBefore: 1 }] : [payload],
  );
}
