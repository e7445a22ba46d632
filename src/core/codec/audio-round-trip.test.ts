/** Every audio codec over packets of ffmpeg and GStreamer: what comes out is what ffmpeg's demultiplexer took from the file that was sent. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { captureNames, loadCapture } from '../../../test/fixtures/streams/rtp/captures.ts';
import type { Capture } from '../../../test/fixtures/streams/rtp/captures.ts';
import { joined } from './access-unit.ts';
import type { AccessUnit } from './access-unit.ts';
import type { RtpPayload } from './codec.ts';
import { CODECS, codecFor, formatFor, parametersFromSampleEntry } from './registry.ts';
import { samplePieces, unitFromSample } from './sample.ts';
import type { TrackFormat } from './track-format.ts';

const CAPTURES = captureNames()
  .map(loadCapture)
  .filter(({ codec }) => codec.media === 'audio');
/** Samples without frames: a packet may end anywhere. */
const UNFRAMED: ReadonlySet<string> = new Set(['pcmu', 'pcma', 'g722', 'g726', 'l16', 'l24']);

test('each row of audio has a capture', () => {
  const rows = CODECS.filter(({ media }) => media === 'audio');
  const covered = new Set(CAPTURES.map(({ codec }) => codec));
  assert.deepEqual(
    rows.filter((row) => !covered.has(row)).map(({ name }) => name),
    [],
  );
});

test('captured packets: the frames of the file, at times that advance by what they hold', () => {
  for (const capture of CAPTURES) {
    const { units, dropped } = depacketize(capture, capture.payloads);
    assert.deepEqual(hashesOf(capture, units), capture.frames, capture.name);
    assert.deepEqual(dropped, {}, capture.name);
    for (const [i, unit] of units.entries()) {
      assert.ok(unit.key && !unit.damaged && unit.dtsTicks === unit.ptsTicks, capture.name);
      const next = units[i + 1];
      // GStreamer's Ogg demultiplexer takes the pre-skip off the first packet's length.
      if (next === undefined || (i === 0 && capture.name === 'opus-gstreamer')) continue;
      const advanced = next.ptsTicks - unit.ptsTicks;
      assert.ok(
        Math.abs(advanced - nominalTicks(unit, capture.format)) <= 1,
        `${capture.name}, unit ${i}: ${advanced}`,
      );
    }
  }
});

test('packed by us, unpacked again: the same frames at the same times, at every limit', () => {
  for (const capture of CAPTURES) {
    const { units } = depacketize(capture, capture.payloads);
    for (const limit of [64, 65, 200, 1400]) {
      for (const format of [ownFormat(units), { ...ownFormat(units), parameters: undefined }]) {
        const codec = codecFor(format.encoding);
        // Opus is never cut; without a set-up only those learn one that have it in-band.
        if (codec === undefined || (codec.name === 'opus' && limit < 200)) continue;
        if (format.parameters === undefined && codec.name !== 'mp3' && codec.name !== 'ac3') continue;
        const packetizer = codec.packetizer(format, limit);
        const payloads = units.flatMap((unit) =>
          packetizer.packetize(unit).map(({ payload, marker, ticksLater = 0 }): RtpPayload => {
            assert.ok(payload.length <= limit, `${capture.name}, ${limit}`);
            return { payload, marker, ticks: unit.ptsTicks + ticksLater, lostBefore: 0 };
          }),
        );
        const back = depacketize({ codec, format }, payloads);
        assert.deepEqual(back.dropped, {}, `${capture.name}, ${limit}`);
        assert.deepEqual(hashesOf(capture, back.units), capture.frames, `${capture.name}, ${limit}`);
        assertTimes(capture, back.units, units, format);
      }
    }
  }
});

test('every packet lost in turn: the others are where they were', () => {
  for (const capture of CAPTURES) {
    const sent = new Map(depacketize(capture, capture.payloads).units.map((unit) => [unit.ptsTicks, md5Of(unit)]));
    for (let lost = 0; lost < capture.payloads.length; lost++) {
      const left = capture.payloads.flatMap((payload, i) =>
        i === lost ? [] : i === lost + 1 ? [{ ...payload, lostBefore: 1 }] : [payload],
      );
      const { units } = depacketize(capture, left);
      for (const unit of units)
        assert.equal(sent.get(unit.ptsTicks), md5Of(unit), `${capture.name} without packet ${lost}`);
      const times = new Set(capture.payloads.filter((_, i) => i !== lost).map(({ ticks }) => ticks));
      assert.ok(units.length >= times.size - 1, `${capture.name} without packet ${lost}: ${units.length} units`);
    }
  }
});

test('every truncation of a payload: no exception, payloads untouched, and what follows is whole', () => {
  for (const capture of CAPTURES) {
    const whole = depacketize(capture, capture.payloads).units;
    const last = whole.at(-1);
    assert.ok(last);
    const later = capture.payloads.map((packet) => ({ ...packet, ticks: packet.ticks + 900_000 }));
    for (const cut of capture.payloads.slice(0, 3)) {
      const before = cut.payload.slice();
      for (let length = 0; length < cut.payload.length; length++) {
        const { units } = depacketize(capture, [{ ...cut, payload: cut.payload.subarray(0, length) }, ...later]);
        assert.equal(units.at(-1)?.ptsTicks, last.ptsTicks + 900_000, `${capture.name}, cut to ${length}`);
        assert.ok(units.length >= whole.length, `${capture.name}, cut to ${length}`);
      }
      assert.deepEqual(cut.payload, before);
    }
  }
});

test('sample entries and samples: there and back', () => {
  for (const capture of CAPTURES) {
    const { units } = depacketize(capture, capture.payloads);
    for (const unit of units) {
      const sample = joined(samplePieces(unit));
      assert.deepEqual(unitFromSample(sample, unit.parameters, unit)?.data, [[sample]], capture.name);
    }
    const [{ parameters }] = units as readonly [AccessUnit];
    const { sampleEntry, codecString } = parameters;
    assert.equal(sampleEntry === undefined, UNFRAMED.has(parameters.codec), capture.name);
    assert.equal(codecString === undefined, UNFRAMED.has(parameters.codec), capture.name);
    if (sampleEntry === undefined) continue;
    assert.equal(parametersFromSampleEntry(sampleEntry)?.identity, parameters.identity, capture.name);
    for (let length = 0; length < sampleEntry.length; length++)
      for (const codec of CODECS) codec.parametersFromSampleEntry(sampleEntry.subarray(0, length));
  }
});

function depacketize(
  { codec, format }: Pick<Capture, 'codec' | 'format'>,
  payloads: readonly RtpPayload[],
): { readonly units: readonly AccessUnit[]; readonly dropped: Readonly<Record<string, number>> } {
  const depacketizer = codec.depacketizer(format);
  const units = [...payloads.flatMap((payload) => depacketizer.push(payload)), ...depacketizer.flush()];
  return { units, dropped: depacketizer.dropped };
}

function ownFormat(units: readonly AccessUnit[]): TrackFormat {
  const [unit] = units;
  assert.ok(unit);
  return formatFor(unit.parameters, 97);
}

function hashesOf({ codec }: Capture, units: readonly AccessUnit[]): Capture['frames'] {
  const all = units.map((unit) => joined(unit.data.flat()));
  const frames = UNFRAMED.has(codec.name) ? [joined(all)] : all;
  return frames.map((frame) => ({ md5: createHash('md5').update(frame).digest('hex'), bytes: frame.length }));
}

function md5Of(unit: AccessUnit): string {
  return createHash('md5').update(joined(unit.data.flat())).digest('hex');
}

function nominalTicks({ parameters: { shape } }: AccessUnit, { clockRate }: TrackFormat): number {
  assert.ok(shape.media === 'audio');
  return (shape.samplesPerFrame * clockRate) / shape.sampleRate;
}

function assertTimes(
  { name, codec }: Capture,
  units: readonly AccessUnit[],
  expected: readonly AccessUnit[],
  format: TrackFormat,
): void {
  if (!UNFRAMED.has(codec.name)) {
    assert.deepEqual(
      units.map(({ ptsTicks }) => ptsTicks),
      expected.map(({ ptsTicks }) => ptsTicks),
      name,
    );
    return;
  }
  let ticks = expected[0]?.ptsTicks ?? 0;
  for (const unit of units) {
    assert.ok(Math.abs(unit.ptsTicks - ticks) <= 1, `${name}: ${unit.ptsTicks} instead of ${ticks}`);
    ticks += nominalTicks(unit, format);
  }
}
