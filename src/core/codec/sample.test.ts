import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_STREAMS, videoStream } from '../../../test/fixtures/streams/units.ts';
import { wholeData } from './access-unit.ts';
import { CODECS, codecFor, codecNamed, completeFormat, formatFor, parametersFromSampleEntry } from './registry.ts';
import { nalLengthBytes, samplePieces, sampleSize, unitFromSample } from './sample.ts';

test('a unit as a sample, and back', () => {
  for (const name of VIDEO_STREAMS) {
    for (const unit of videoStream(name).units) {
      const sample = Buffer.concat(samplePieces(unit));
      assert.equal(sample.length, sampleSize(unit));
      assert.deepEqual(unitFromSample(new Uint8Array(sample), unit.parameters, unit), unit);
    }
  }
});

test('sets and delimiters inside a sample are left out; other length sizes are read', () => {
  const { units, parameters } = videoStream('plain-h264');
  const [unit] = units;
  assert.ok(unit);
  for (const lengthBytes of [2, 3, 4]) {
    const nals: Uint8Array[] = [Uint8Array.of(9, 0xf0), ...parameters.parameterSets, ...wholeData(unit)];
    const sample: Uint8Array = new Uint8Array(
      Buffer.concat(nals.flatMap((nal) => [lengthOf(nal.length, lengthBytes), nal])),
    );
    assert.deepEqual(unitFromSample(sample, parameters, unit, lengthBytes), unit);
    const onlySets = new Uint8Array(
      Buffer.concat(parameters.parameterSets.flatMap((nal) => [lengthOf(nal.length, lengthBytes), nal])),
    );
    assert.equal(unitFromSample(onlySets, parameters, unit, lengthBytes), undefined);
  }
});

test('lengths that do not fit give nothing', () => {
  const { units, parameters } = videoStream('plain-h264');
  const [, unit] = units;
  assert.ok(unit);
  const sample = new Uint8Array(Buffer.concat(samplePieces(unit)));
  for (let length = 0; length < sample.length; length++) {
    assert.equal(unitFromSample(sample.subarray(0, length), parameters, unit), undefined, `cut to ${length}`);
  }
});

test('the length size stands in the sample entry', () => {
  const { parameters } = videoStream('plain-h265');
  assert.equal(nalLengthBytes(parameters.sampleEntry), 4);
  const two = parameters.sampleEntry.slice();
  const hvcC = Buffer.from(two).indexOf('hvcC') + 4;
  two[hvcC + 21] = ((two[hvcC + 21] ?? 0) & ~3) | 1;
  assert.equal(nalLengthBytes(two), 2);
  assert.equal(nalLengthBytes(Uint8Array.of(1, 2, 3)), 4);
});

test('the registry finds codecs by encoding, name and sample entry', () => {
  for (const codec of CODECS) {
    assert.equal(codecNamed(codec.name)?.name, codec.name);
    for (const encoding of codec.encodings) assert.equal(codecFor(encoding.toLowerCase()), codec);
  }
  assert.equal(codecFor('GSM'), undefined);
  assert.equal(codecFor('VND.ONVIF.METADATA'), undefined);
  assert.equal(parametersFromSampleEntry(new Uint8Array(100)), undefined);
  for (const name of VIDEO_STREAMS) {
    const { parameters } = videoStream(name);
    assert.deepEqual(parametersFromSampleEntry(parameters.sampleEntry), parameters);
    const format = formatFor(parameters, 96);
    assert.equal(format.clockRate, 90000);
    assert.deepEqual(completeFormat(format), format, 'what we announce is complete');
  }
  const relayed = {
    media: 'audio',
    encoding: 'GSM',
    clockRate: 8000,
    payloadType: 3,
    fmtp: new Map<string, string>(),
  } as const;
  assert.deepEqual(completeFormat(relayed), { ...relayed, parameters: undefined });
});

function lengthOf(length: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (length >> (8 * (bytes - 1 - i))) & 255);
}
