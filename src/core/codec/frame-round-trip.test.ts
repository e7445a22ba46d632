/** Video without NAL units over packets of ffmpeg and GStreamer: what comes out is what ffmpeg's demultiplexer took from the file that was sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { captureNames, loadCapture } from '../../../test/fixtures/streams/rtp/captures.ts';
import type { Capture } from '../../../test/fixtures/streams/rtp/captures.ts';
import { joined, wholeData } from './access-unit.ts';
import type { AccessUnit } from './access-unit.ts';
import { MAX_ACCESS_UNIT_BYTES } from './codec.ts';
import type { RtpPayload } from './codec.ts';
import { MAX_FRAME_PIECES } from './frame/frame-assembler.ts';
import { parseJpeg } from './mjpeg/jfif.ts';
import { CODECS, completeFormat, formatFor, parametersFromSampleEntry } from './registry.ts';
import { samplePieces, sampleSize, unitFromSample } from './sample.ts';
import type { TrackFormat } from './track-format.ts';

const CAPTURES = captureNames()
  .map(loadCapture)
  .filter(({ codec }) => codec.media === 'video')
  .map((capture) => ({ capture, name: capture.name, sent: depacketize(capture, capture.payloads).units }));
/** A JPEG's tables are not cut: no payload is smaller. */
const LIMITS: Readonly<Record<string, readonly number[]>> = { mjpeg: [150, 300, 1400, 60000] };
const USUAL_LIMITS = [64, 100, 300, 1400, 60000];

test('each row of video without NAL units has captures', () => {
  const rows = CODECS.filter((row) => row.media === 'video' && row.nalLengthBytes === undefined);
  const covered = new Set(CAPTURES.map(({ capture }) => capture.codec));
  assert.deepEqual([...covered].map(({ name }) => name).toSorted(), rows.map(({ name }) => name).toSorted());
});

test('captured packets: the frames of the file', () => {
  for (const { capture, name } of CAPTURES) {
    const { units, dropped } = depacketize(capture, capture.payloads);
    assert.deepEqual(units.map(hashOf), capture.frames, name);
    assert.deepEqual(dropped, {}, name);
    assert.equal(units.filter(({ key }) => key).length, capture.codec.name === 'mjpeg' ? 4 : 2, name);
    assert.ok(units[0]?.key === true && !units.some(({ damaged }) => damaged), name);
    const { shape } = units[0].parameters;
    assert.deepEqual(shape, { media: 'video', width: 160, height: 96, aspect: [1, 1], frameRate: undefined }, name);
    assertMonotonic(units, name);
  }
});

test('packed and unpacked: the same units, whether the set-up is known before or not', () => {
  for (const { capture, name, sent } of CAPTURES) {
    for (const limit of LIMITS[capture.codec.name] ?? USUAL_LIMITS) {
      const label = `${name}, ${limit}`;
      const payloads = packed(capture, sent, limit);
      assert.ok(
        payloads.every(({ payload }) => payload.length <= limit && payload.length > 0),
        label,
      );
      for (const parameters of [sent[0]?.parameters, undefined]) {
        const { units, dropped } = depacketize(capture, payloads, { ...capture.format, parameters });
        assertSame(units, sent, label);
        assert.deepEqual(dropped, {}, label);
      }
    }
  }
});

test('never a marker: the same units', () => {
  for (const { capture, name, sent } of CAPTURES) {
    const payloads = packed(capture, sent, 300).map((payload) => ({ ...payload, marker: false }));
    assertSame(depacketize(capture, payloads).units, sent, name);
  }
});

test('every packet lost in turn: what is not flagged is what was sent, and the next key frame mends it', () => {
  for (const { capture, name, sent } of CAPTURES) {
    for (const payloads of [packed(capture, sent, 200), capture.payloads]) {
      const secondKey = sent.findIndex(({ key }, i) => key && i > 0);
      const keyTicks = sent[secondKey]?.ptsTicks ?? 0;
      const before = payloads.findIndex(({ ticks }) => ticks === keyTicks);
      for (let lost = 0; lost < payloads.length; lost++) {
        const label = `${name} without packet ${lost}`;
        const { units, dropped } = depacketize(capture, without(payloads, lost), {
          ...capture.format,
          parameters: sent[0]?.parameters,
        });
        assertMonotonic(units, label);
        for (const unit of units) if (!unit.damaged) assertSent(unit, sent, label);
        const counted = Object.entries(dropped).reduce(
          (sum, [cause, count]) => sum + (cause === 'time-moved' ? 0 : count),
          0,
        );
        // A frame of one packet leaves no trace but the flag of those that follow.
        const alone = payloads[lost]?.marker === true && payloads[lost - 1]?.marker !== false;
        assert.ok(counted <= 2 && (counted >= 1 || alone), `${label}: ${JSON.stringify(dropped)}`);
        if (lost >= before) continue;
        const mended = units.filter(({ damaged }, i) => !damaged && i >= units.findLastIndex(({ key }) => key));
        const last = sent.findLastIndex(({ key }) => key);
        assert.equal(mended.length, sent.length - last, label);
      }
    }
  }
});

test('truncated payloads: no exception, payloads untouched, and the next key frame is whole', () => {
  for (const { capture, name, sent } of CAPTURES) {
    const later = packed(capture, sent.slice(0, 1), 1400).map((one) => ({ ...one, ticks: one.ticks + 900_000 }));
    for (const cut of capture.payloads.slice(0, 4)) {
      // Headers end within the first bytes; a JPEG's tables behind them.
      for (let length = 0; length < cut.payload.length; length += length < 32 ? 1 : 7) {
        const payload = cut.payload.slice(0, length);
        const depacketizer = capture.codec.depacketizer({ ...capture.format, parameters: undefined });
        capture.codec.peek(payload);
        depacketizer.push({ ...cut, payload });
        const units = later.flatMap((one) => depacketizer.push(one));
        assert.equal(Buffer.compare(payload, cut.payload.subarray(0, length)), 0, name);
        const whole = units.at(-1);
        assert.ok(whole?.key === true && !whole.damaged, `${name}, cut to ${length}`);
        assert.equal(Buffer.compare(joined(whole.data.flat()), joined(sent[0]?.data.flat() ?? [])), 0, name);
      }
    }
  }
});

test('who joins within a GOP gets flagged frames up to the key frame, and none without a beginning', () => {
  for (const { capture, name, sent } of CAPTURES) {
    if (capture.codec.name === 'mjpeg') continue;
    const payloads = packed(capture, sent, 100);
    const { units } = depacketize(capture, payloads.slice(1), { ...capture.format, parameters: sent[0]?.parameters });
    const key = units.findIndex((unit) => unit.key);
    assert.ok(key > 0 && units.length === sent.length - 1, name);
    assert.deepEqual(
      units.map(({ damaged }) => damaged),
      units.map((_, i) => i < key),
      name,
    );
  }
});

test('flush: where ends are marked, a frame without one is cut off', () => {
  for (const { capture, name, sent } of CAPTURES) {
    const payloads = packed(capture, sent, 200);
    const { units, dropped } = depacketize(capture, payloads.slice(0, -1));
    const single = payloads.at(-2)?.ticks !== payloads.at(-1)?.ticks;
    assert.equal(units.length, sent.length - 1, name);
    assert.deepEqual(dropped, single ? {} : { 'frame-cut': 1 }, name);
  }
});

test('peek finds each key frame once, and its set-up', () => {
  for (const { capture, name, sent } of CAPTURES) {
    const expected = sent.filter(({ key }) => key).map(({ ptsTicks }) => ptsTicks);
    for (const payloads of [capture.payloads, packed(capture, sent, 300), packed(capture, sent, 1400)]) {
      const peeks = payloads.map(({ payload, ticks }) => ({ ...capture.codec.peek(payload), ticks }));
      assert.deepEqual(
        peeks.filter(({ key }) => key).map(({ ticks }) => ticks),
        expected,
        name,
      );
      // With the set-up in fmtp alone, ffmpeg does not send it in-band.
      if (name === 'mpeg4-ffmpeg' && payloads === capture.payloads) continue;
      assert.deepEqual(
        peeks.filter(({ parameterSets }) => parameterSets).map(({ ticks }) => ticks),
        expected,
        name,
      );
    }
    assert.deepEqual(capture.codec.peek(new Uint8Array()), { key: false, parameterSets: false }, name);
  }
});

test('a unit as a sample, and back; a set-up as a sample entry or fmtp, and back', () => {
  for (const { capture, name, sent } of CAPTURES) {
    for (const unit of sent) {
      const sample = new Uint8Array(Buffer.concat(samplePieces(unit)));
      assert.equal(sample.length, sampleSize(unit), name);
      const back = unitFromSample(sample, unit.parameters, unit);
      assert.ok(back, name);
      assertSame([back], [unit], name);
    }
    const parameters = sent[0]?.parameters;
    assert.ok(parameters);
    assert.equal(parameters.sampleEntry !== undefined, ['av1', 'vp9', 'mpeg4'].includes(parameters.codec), name);
    if (parameters.sampleEntry !== undefined) {
      assert.deepEqual(parametersFromSampleEntry(parameters.sampleEntry), parameters, name);
      for (let cut = 0; cut < parameters.sampleEntry.length; cut++) {
        const back = parametersFromSampleEntry(parameters.sampleEntry.subarray(0, cut));
        assert.ok(back === undefined || back.codec === parameters.codec, `${name}, cut to ${cut}`);
      }
    }
    const format = formatFor(parameters, 96);
    assert.deepEqual([format.encoding, format.clockRate], [capture.format.encoding, 90_000], name);
    if (parameters.codec === 'mpeg4') assert.deepEqual(completeFormat(format), format, name);
    assert.equal(unitFromSample(new Uint8Array(), parameters, { ptsTicks: 0, dtsTicks: 0 }), undefined, name);
  }
});

test('8 MB and a number of pieces are the limit of a frame: more is dropped and counted, and the next key frame mends it', () => {
  for (const { capture, name, sent } of CAPTURES) {
    // One capture a codec; every picture of a JPEG mends itself.
    if (capture.codec.name === 'mjpeg' || name.endsWith('gstreamer')) continue;
    const payloads = packed(capture, sent, 64);
    const second = payloads.findIndex(({ ticks, marker }) => ticks > 0 && !marker);
    const split = payloads[second];
    assert.ok(split, name);
    for (const [bytes, times] of [
      [60_000, MAX_ACCESS_UNIT_BYTES / 60_000 + 1],
      [100, MAX_FRAME_PIECES + 1],
    ] as const) {
      const filler = middle(capture, bytes);
      const depacketizer = capture.codec.depacketizer(capture.format);
      const units = payloads.slice(0, second + 1).flatMap((payload) => depacketizer.push(payload));
      for (let i = 0; i < times; i++) {
        units.push(...depacketizer.push({ payload: filler, marker: false, ticks: split.ticks, lostBefore: 0 }));
      }
      for (const payload of payloads.slice(second + 1)) units.push(...depacketizer.push(payload));
      assert.deepEqual(depacketizer.dropped, { 'frame-too-large': 1 }, `${name}, ${bytes}`);
      const damaged = units.filter((unit) => unit.damaged).length;
      assert.ok(damaged > 0 && units.findLast(({ key }) => key)?.damaged === false, `${name}, ${bytes}`);
    }
  }
});

/** A payload from the middle of a frame. */
function middle({ codec }: Capture, bytes: number): Uint8Array {
  const payload = new Uint8Array(bytes).fill(0x55);
  if (codec.name === 'av1') payload[0] = 0xd0;
  if (codec.name === 'vp9' || codec.name === 'vp8') payload[0] = 0;
  return payload;
}

/** As the fixture counts: a JPEG's scan alone, everything else whole. */
function hashOf(unit: AccessUnit): { readonly md5: string; readonly bytes: number } {
  const whole = joined(unit.data.flat());
  const counted = unit.parameters.codec === 'mjpeg' ? (parseJpeg(whole)?.scan ?? new Uint8Array()) : whole;
  return { md5: createHash('md5').update(counted).digest('hex'), bytes: counted.length };
}

function depacketize(
  { codec, format }: Capture,
  payloads: readonly RtpPayload[],
  as: TrackFormat = format,
): { readonly units: readonly AccessUnit[]; readonly dropped: Readonly<Record<string, number>> } {
  const depacketizer = codec.depacketizer(as);
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped };
}

function packed({ codec, format }: Capture, units: readonly AccessUnit[], limit: number): readonly RtpPayload[] {
  const packetizer = codec.packetizer(format, limit);
  return units.flatMap((unit) => {
    const packets = packetizer.packetize(unit);
    assert.deepEqual(
      packets.map(({ marker }) => marker),
      packets.map((_, i) => i === packets.length - 1),
    );
    return packets.map((packet) => ({ ...packet, ticks: unit.ptsTicks, lostBefore: 0 }));
  });
}

function assertSame(units: readonly AccessUnit[], sent: readonly AccessUnit[], label: string): void {
  assert.deepEqual(units.map(meaningOf), sent.map(meaningOf), label);
}

function meaningOf(unit: AccessUnit): unknown {
  const { data, parameters, ...rest } = unit;
  return {
    ...rest,
    identity: parameters.identity,
    bytes: wholeData({ data }).map((bytes) => Buffer.from(bytes).toString('hex')),
  };
}

function assertSent(unit: AccessUnit, sent: readonly AccessUnit[], label: string): void {
  const original = sent.find(({ ptsTicks }) => ptsTicks === unit.ptsTicks);
  assert.ok(original, `${label}: a unit at ${unit.ptsTicks}`);
  assert.equal(Buffer.compare(joined(unit.data.flat()), joined(original.data.flat())), 0, label);
}

function assertMonotonic(units: readonly AccessUnit[], label: string): void {
  for (const [i, unit] of units.entries()) {
    assert.ok(unit.dtsTicks <= unit.ptsTicks, label);
    assert.ok(i === 0 || unit.dtsTicks > (units[i - 1]?.dtsTicks ?? 0), label);
  }
}

function without(payloads: readonly RtpPayload[], lost: number): readonly RtpPayload[] {
  return payloads.flatMap((payload, i) =>
    i === lost ? [] : i === lost + 1 ? [{ ...payload, lostBefore: 1 }] : [payload],
  );
}
