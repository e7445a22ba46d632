/**
 * Seeded damage to RTP payloads of all rows of the registry: bytes changed, payloads cut, lost, doubled and swapped, timestamps and markers moved; and
 * what has to hold of the units that come out. For mutation.test.ts and test/fuzz.
 */
import assert from 'node:assert/strict';
import { captureNames, loadCapture } from '../../../test/fixtures/streams/rtp/captures.ts';
import { VIDEO_STREAMS, payloadsOf, videoStream } from '../../../test/fixtures/streams/units.ts';
import { FUZZ_SEED } from '../../../test/harness/fuzz.ts';
import { mutated } from '../../../test/harness/mutations.ts';
import { seededRandom } from '../../../test/harness/seeded-random.ts';
import { bytesOfHex } from '../bytes/hex.ts';
import { byteLengthOf } from './access-unit.ts';
import type { Codec, RtpPayload } from './codec.ts';
import type { RtpExtension } from '../rtp/packet.ts';
import type { TrackFormat } from './track-format.ts';

/** A JPEG gets the head that RFC 2435 leaves out. */
const HEAD_BYTES_A_UNIT = 1024;

export interface PayloadSeed {
  readonly name: string;
  readonly codec: Codec;
  readonly format: TrackFormat;
  readonly payloads: readonly RtpPayload[];
}

export const PAYLOAD_SEEDS: readonly PayloadSeed[] = [
  ...VIDEO_STREAMS.map((name) => {
    const stream = videoStream(name);
    return { name, codec: stream.codec, format: stream.format, payloads: payloadsOf(stream, 300) };
  }),
  ...captureNames().map(loadCapture),
];

/** At least `inputs` payloads of one codec, from all of its seeds alike. */
export function damagePayloads(codec: Codec, inputs: number): void {
  const seeds = PAYLOAD_SEEDS.filter((seed) => seed.codec === codec);
  assert.ok(seeds.length > 0, `${codec.encodings[0]} has no seed`);
  let payloads = 0;
  for (const [index, seed] of seeds.entries()) {
    const wanted = (inputs * (index + 1)) / seeds.length;
    for (let round = 0; payloads < wanted; round++) payloads += damageOnce(seed, round);
  }
}

/** Returns how many payloads it pushed. */
function damageOnce({ name, codec, format, payloads: clean }: PayloadSeed, round: number): number {
  const label = `${name}, WEIR_SEED=${FUZZ_SEED}, round ${round}`;
  const random = seededRandom(FUZZ_SEED + round);
  const depacketizer = codec.depacketizer(round % 2 === 0 ? format : { ...format, parameters: undefined });
  const payloads = damaged(clean, random);
  let lastDts = Number.NEGATIVE_INFINITY;
  let sent = 0;
  let out = 0;
  let units = 0;
  try {
    for (const payload of payloads) {
      const before = payload.payload.slice();
      sent += before.length + 4 + (payload.extension?.bytes.length ?? 0);
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
    const extension = random() < 0.1 ? { extension: anyExtension(random) } : {};
    list.push({ payload, marker, ticks, lostBefore: lost, ...extension });
    lost = 0;
    if (fate > 0.98) list.push(list[below(list.length)] ?? packet);
  }
  return list;
}

/** Of ONVIF's JPEGs (mjpeg/onvif-extension.ts), whole or damaged; other codecs have to pass over it. */
const EXTENSION =
  bytesOfHex(`ffdb004300${'05'.repeat(64)}ffffdd00040010ffc000110807980a2003012200021101031101`) ?? assert.fail();

export function anyExtension(random: () => number): RtpExtension {
  return { profile: 0xffd8, bytes: random() < 0.5 ? EXTENSION : mutated(EXTENSION, random) };
}
