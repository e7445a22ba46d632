/** What a bad network makes of a camera's datagrams: counted as it was, nothing damaged passed off as good. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { payloadsOf, videoStream } from '../../test/fixtures/streams/units.ts';
import { FINE, LossyRelay, type Weather } from '../../test/harness/lossy-relay.ts';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { joined, wholeData, type AccessUnit } from '../core/codec/access-unit.ts';
import { parseRtpHeader, RTP_HEADER_BYTES, writeRtpHeader } from '../core/rtp/packet.ts';
import { DatagramOrder } from './datagram-order.ts';
import { noIngestFaults, RtpIngest } from './rtp-ingest.ts';
import type { TrackSink } from './source.ts';

const STREAM = videoStream('plain-h264');
/** Small, so that a picture is several packets. */
const PACKED = payloadsOf(STREAM, 100);
const PACKET_MS = 5;
const ROUNDS = 12;
const ROUND_TICKS = STREAM.units.length * 3600;
const GOP = 15;

const WEATHERS: readonly Weather[] = [
  { lost: 0, doubled: 0.05, reordered: 0.05 },
  { lost: 0.001, doubled: 0.01, reordered: 0.01 },
  { lost: 0.01, doubled: 0.02, reordered: 0.02 },
  { lost: 0.05, doubled: 0.05, reordered: 0.05 },
];

test('a network that loses, doubles and reorders: counted as it was, what is damaged is flagged, what is whole is whole', () => {
  for (const weather of WEATHERS) {
    for (let round = 0; round < 5; round++) {
      const seed = unitSeed() + round;
      const label = `seed ${seed}, ${JSON.stringify(weather)}`;
      const { injected, faults, lost, units, lostTicks } = travel(weather, seed);
      assert.equal(lost, injected.lost, label);
      const { doubledPackets, latePackets, sequenceRestarts, malformedPackets } = faults;
      assert.deepEqual(
        { doubledPackets, latePackets, sequenceRestarts, malformedPackets },
        { doubledPackets: injected.doubled, latePackets: 0, sequenceRestarts: 0, malformedPackets: 0 },
        label,
      );
      for (const unit of units) if (!unit.damaged) assert.ok(isAsSent(unit), `${label}: at ${unit.ptsTicks}`);
      assertWholeGops(units, lostTicks, label);
    }
  }
});

/** Every GOP of which nothing was lost is there, each picture of it, and not flagged. */
function assertWholeGops(units: readonly AccessUnit[], lostTicks: ReadonlySet<number>, label: string): void {
  const good = new Set(units.filter(({ damaged }) => !damaged).map(({ ptsTicks }) => ptsTicks));
  let whole = 0;
  for (let first = 0; first < ROUNDS * STREAM.units.length; first += GOP) {
    const gop = Array.from({ length: GOP }, (_, i) => sentTicks(first + i));
    if (gop.some((ticks) => lostTicks.has(ticks))) continue;
    whole += 1;
    assert.deepEqual(
      gop.filter((ticks) => !good.has(ticks)),
      [],
      `${label}: the GOP at ${gop[0]}`,
    );
  }
  assert.ok(whole > 0, label);
}

function sentTicks(index: number): number {
  const unit = STREAM.units[index % STREAM.units.length];
  return (unit?.ptsTicks ?? 0) + Math.floor(index / STREAM.units.length) * ROUND_TICKS;
}

function isAsSent(unit: AccessUnit): boolean {
  const sent = STREAM.units.find(({ ptsTicks }) => ptsTicks === unit.ptsTicks % ROUND_TICKS);
  return sent !== undefined && Buffer.compare(joined(wholeData(unit)), joined(wholeData(sent))) === 0;
}

interface Travelled {
  readonly injected: LossyRelay['injected'];
  readonly faults: ReturnType<typeof noIngestFaults>;
  readonly lost: number;
  readonly units: readonly AccessUnit[];
  /** Of pictures that lost something. */
  readonly lostTicks: ReadonlySet<number>;
}

function travel(weather: Weather, seed: number): Travelled {
  const clock = new ManualClock();
  const faults = noIngestFaults();
  const depacketizer = STREAM.codec.depacketizer(STREAM.format);
  const units: AccessUnit[] = [];
  const arrived = new Set<number>();
  let lost = 0;
  const sink: TrackSink = {
    packet: (packet, _arrivalMs, lostBefore) => {
      const header = parseRtpHeader(packet);
      assert.ok(header);
      lost += lostBefore;
      arrived.add(header.sequence);
      const payload = packet.slice(header.payloadOffset, header.payloadOffset + header.payloadLength);
      units.push(...depacketizer.push({ payload, marker: header.marker, ticks: header.timestamp, lostBefore }));
    },
    senderReport: () => {},
    goodbye: () => {},
    accessUnit: () => assert.fail('datagrams are packets'),
    flush: () => {},
  };
  const tracks = [{ track: 0, format: STREAM.format }];
  const ingest = new RtpIngest({ sink: { announce: () => [sink] }, tracks, ssrc: 1, cname: 'c', faults });
  const deliver = (packets: readonly Uint8Array[]): void => {
    for (const packet of packets) ingest.push(0, 'rtp', packet, clock.monoMs());
  };
  const order = new DatagramOrder({ clock, faults, deliver });
  const relay = new LossyRelay(seededRandom(seed), (datagram) => order.push(datagram));
  const ticksOf: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const { payload, marker, ticks } of PACKED) {
      const timestamp = ticks + round * ROUND_TICKS;
      const sequence = ticksOf.push(timestamp) - 1;
      const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
      writeRtpHeader(packet, { payloadType: 96, sequence, timestamp, ssrc: 7 }, marker);
      packet.set(payload, RTP_HEADER_BYTES);
      // The first and the last packets tell where it begins and ends.
      relay.weather = sequence === 0 || round === ROUNDS - 1 ? FINE : weather;
      relay.push(packet);
      clock.advance(PACKET_MS);
    }
  }
  relay.flush();
  clock.advance(1000);
  units.push(...depacketizer.flush());
  const lostTicks = new Set(ticksOf.filter((_, sequence) => !arrived.has(sequence)));
  order.close();
  return { injected: relay.injected, faults, lost, units, lostTicks };
}
