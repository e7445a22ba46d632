/**
 * Seeded damage to RTP payloads of all rows of the registry: bytes changed, payloads cut, lost, doubled and swapped, timestamps and markers
 * moved. Whatever comes: no exception, units that keep their promises, nothing that grows, payloads untouched. WEIR_FUZZ_ROUNDS=10000000 is
 * ten million payloads; WEIR_SEED is printed with what fails.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureNames, loadCapture } from '../../../test/fixtures/streams/rtp/captures.ts';
import { VIDEO_STREAMS, payloadsOf, videoStream } from '../../../test/fixtures/streams/units.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { byteLengthOf } from './access-unit.ts';
import type { Codec, RtpPayload } from './codec.ts';
import type { CodecParameters } from './codec-parameters.ts';
import { CODECS, codecFor, formatFor, parametersFromSampleEntry } from './registry.ts';
import { unitFromSample } from './sample.ts';
import type { TrackFormat } from './track-format.ts';

const SEED = Number(process.env['WEIR_SEED'] ?? 20261124);
const PAYLOADS = Number(process.env['WEIR_FUZZ_ROUNDS'] ?? 100_000);
/** A JPEG gets the head that RFC 2435 leaves out. */
const HEAD_BYTES_A_UNIT = 1024;

interface Seed {
  readonly name: string;
  readonly codec: Codec;
  readonly format: TrackFormat;
  readonly payloads: readonly RtpPayload[];
}

const SEEDS: readonly Seed[] = [
  ...VIDEO_STREAMS.map((name) => {
    const stream = videoStream(name);
    return { name, codec: stream.codec, format: stream.format, payloads: payloadsOf(stream, 300) };
  }),
  ...captureNames().map(loadCapture),
];

test('each row has a seed', () => {
  const seeded = new Set(SEEDS.map(({ codec }) => codec));
  assert.deepEqual(
    CODECS.filter((row) => !seeded.has(row)).map(({ encodings }) => encodings[0]),
    [],
  );
});

test('damaged payloads', () => {
  let payloads = 0;
  for (const seed of SEEDS) {
    const wanted = payloads + PAYLOADS / SEEDS.length;
    for (let round = 0; payloads < wanted; round++) payloads += damageOnce(seed, round);
  }
  assert.ok(payloads >= PAYLOADS);
});

/** Returns how many payloads it pushed. */
function damageOnce({ name, codec, format, payloads: clean }: Seed, round: number): number {
  const label = `${name}, WEIR_SEED=${SEED}, round ${round}`;
  const random = seededRandom(SEED + round);
  const depacketizer = codec.depacketizer(round % 2 === 0 ? format : { ...format, parameters: undefined });
  const payloads = damaged(clean, random);
  let lastDts = Number.NEGATIVE_INFINITY;
  let sent = 0;
  let out = 0;
  let units = 0;
  try {
    for (const payload of payloads) {
      const before = payload.payload.slice();
      sent += before.length + 4;
      codec.peek(payload.payload);
      for (const unit of depacketizer.push(payload)) {
        assert.ok(unit.dtsTicks > lastDts && unit.dtsTicks <= unit.ptsTicks, 'times');
        assert.equal(unit.byteLength, byteLengthOf(unit.data.flat()));
        lastDts = unit.dtsTicks;
        out += unit.byteLength;
        units += 1;
      }
      assert.equal(Buffer.compare(payload.payload, before), 0, 'the payload was written to');
    }
    depacketizer.flush();
  } catch (error) {
    assert.fail(`${label}: ${String(error)}`);
  }
  assert.ok(out <= 2 * sent + HEAD_BYTES_A_UNIT * (codec.name === 'mjpeg' ? units : 0), `${label}: ${out} of ${sent}`);
  return payloads.length;
}

test('damaged sample entries and fmtp', () => {
  const random = seededRandom(SEED);
  for (const { name, codec, format, payloads } of SEEDS) {
    const parameters = format.parameters ?? learntFrom(codec, format, payloads);
    assert.ok(parameters, name);
    const announced = codecFor(format.encoding)?.fmtpOf(parameters) ?? new Map<string, string>();
    for (let i = 0; i < 200; i++) {
      const label = `${name}, WEIR_SEED=${SEED}, ${i}`;
      const entry = damagedBytes(parameters.sampleEntry ?? new Uint8Array(40), random);
      const fmtp = new Map([...announced, ...format.fmtp].map(([key, value]) => [key, damagedText(value, random)]));
      try {
        const found = parametersFromSampleEntry(entry) ?? codec.parametersFromFmtp({ ...format, fmtp });
        if (found !== undefined) formatFor(found, 96);
        codec.depacketizer({ ...format, fmtp, parameters: undefined }).push(payloads[0] ?? NO_PAYLOAD);
      } catch (error) {
        assert.fail(`${label}: ${String(error)}`);
      }
    }
  }
});

const NO_PAYLOAD: RtpPayload = { payload: new Uint8Array(), marker: true, ticks: 0, lostBefore: 0 };

function learntFrom(codec: Codec, format: TrackFormat, payloads: readonly RtpPayload[]): CodecParameters | undefined {
  const depacketizer = codec.depacketizer(format);
  for (const payload of payloads) depacketizer.push(payload);
  return depacketizer.parameters;
}

function damagedBytes(bytes: Uint8Array, random: () => number): Uint8Array {
  const copy = bytes.slice(0, random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length);
  for (let faults = Math.floor(random() * 4); faults > 0 && copy.length > 0; faults--)
    copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
}

/** Half of them as they were: one wrong value is found where the others are right. */
function damagedText(text: string, random: () => number): string {
  if (random() < 0.5) return text;
  const at = Math.floor(random() * (text.length + 1));
  const character = '0123456789abcdef=,/ x-'[Math.floor(random() * 22)] ?? '';
  return text.slice(0, at) + character + text.slice(random() < 0.3 ? text.length : at + 1);
}

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
  for (const { name, codec, format, payloads } of SEEDS) {
    const parameters = format.parameters ?? learntFrom(codec, format, payloads);
    assert.ok(parameters, name);
    for (let i = 0; i < 200; i++) {
      const sample = new Uint8Array(300);
      sample.set((payloads[i % payloads.length] ?? NO_PAYLOAD).payload.subarray(0, 250), 4);
      for (let at = 0; at < 8; at++) sample[Math.floor(random() * 12)] = Math.floor(random() * 256);
      const back = unitFromSample(sample, parameters, { ptsTicks: 0, dtsTicks: 0 }, 1 + (i % 4));
      // The last OBU of AV1 may lack its size, and gets one.
      assert.ok((back?.byteLength ?? 0) <= sample.length + 8, `${name}, WEIR_SEED=${SEED}, ${i}`);
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
