/**
 * What comes from a peer or a file, damaged, for all rows of the registry: RTP payloads (a glance; test/fuzz/payloads.test.ts does it at length), sample
 * entries, fmtp, samples. No exception, units that keep their promises, nothing that grows, payloads untouched.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_STREAMS, payloadsOf, videoStream } from '../../../test/fixtures/streams/units.ts';
import { FUZZ_SEED, UNIT_INPUTS } from '../../../test/harness/fuzz.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import type { Codec, RtpPayload } from './codec.ts';
import type { CodecParameters } from './codec-parameters.ts';
import { PAYLOAD_SEEDS, damagePayloads } from './damaged-payloads.table.ts';
import { CODECS, codecFor, formatFor, parametersFromSampleEntry } from './registry.ts';
import { unitFromSample } from './sample.ts';
import type { TrackFormat } from './track-format.ts';

for (const codec of CODECS) test(`damaged payloads: ${codec.encodings[0]}`, () => damagePayloads(codec, UNIT_INPUTS));

test('damaged sample entries and fmtp', () => {
  const random = seededRandom(FUZZ_SEED);
  for (const { name, codec, format, payloads } of PAYLOAD_SEEDS) {
    const parameters = format.parameters ?? learntFrom(codec, format, payloads);
    assert.ok(parameters, name);
    const announced = codecFor(format.encoding)?.fmtpOf(parameters) ?? new Map<string, string>();
    for (let i = 0; i < 200; i++) {
      const label = `${name}, WEIR_SEED=${FUZZ_SEED}, ${i}`;
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
    const cuts = payloadsOf(stream, 300).slice(0, 8);
    const later = payloadsOf(stream)
      .slice(0, 10)
      .map((one) => ({ ...one, ticks: one.ticks + 90_000 }));
    for (const cut of cuts) {
      for (let length = 0; length < cut.payload.length; length++) {
        const payload = cut.payload.subarray(0, length);
        const depacketizer = stream.codec.depacketizer({ ...stream.format, parameters: undefined });
        stream.codec.peek(payload);
        depacketizer.push({ ...cut, payload });
        const units = later.flatMap((one) => depacketizer.push(one));
        assert.equal(units.findLast((unit) => unit.key)?.damaged, false, `${name}, cut to ${length}`);
      }
    }
  }
});

test('damaged samples', () => {
  const random = seededRandom(FUZZ_SEED);
  for (const { name, codec, format, payloads } of PAYLOAD_SEEDS) {
    const parameters = format.parameters ?? learntFrom(codec, format, payloads);
    assert.ok(parameters, name);
    for (let i = 0; i < 200; i++) {
      const sample = new Uint8Array(300);
      sample.set((payloads[i % payloads.length] ?? NO_PAYLOAD).payload.subarray(0, 250), 4);
      for (let at = 0; at < 8; at++) sample[Math.floor(random() * 12)] = Math.floor(random() * 256);
      const back = unitFromSample(sample, parameters, { ptsTicks: 0, dtsTicks: 0 }, 1 + (i % 4));
      // The last OBU of AV1 may lack its size, and gets one.
      assert.ok((back?.byteLength ?? 0) <= sample.length + 8, `${name}, WEIR_SEED=${FUZZ_SEED}, ${i}`);
    }
  }
});
