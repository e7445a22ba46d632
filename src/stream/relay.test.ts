import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newSeed, seededRandom } from '../../test/harness/seeded-random.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { completeFormat } from '../core/codec/registry.ts';
import { parseRtpHeader, writeRtpHeader } from '../core/rtp/packet.ts';
import { AAC_FORMAT, AacPackets, VideoPackets, mutatedPacket } from './fake-camera.table.ts';
import { framedLength } from './framed.ts';
import { Relay } from './relay.ts';
import type { WeirError } from '../core/errors.ts';
import type { RtpHeader } from '../core/rtp/packet.ts';
import type { Batch } from './batch.ts';
import type { RelayAttempt } from './relay.ts';
import type { TrackSink } from './source.ts';
import type { RelayReader } from './stream.ts';

class TestReader implements RelayReader {
  readonly protocol = 'rtsp';
  readonly label = 'test';
  readonly batches: Batch[] = [];
  readonly errors: string[] = [];

  deliver(batch: Batch): void {
    this.batches.push(batch);
  }

  end(error: WeirError): void {
    this.errors.push(error.code);
  }

  headers(track = 0): readonly RtpHeader[] {
    return this.batches.filter((batch) => batch.track === track).flatMap(headersOf);
  }
}

function headersOf(batch: Batch): readonly RtpHeader[] {
  const headers: RtpHeader[] = [];
  for (let at = 0; at < batch.buffer.length; at += framedLength(batch.buffer, at)) {
    const header = parseRtpHeader(batch.buffer.subarray(at + 4, at + framedLength(batch.buffer, at)));
    if (header !== undefined) headers.push(header);
  }
  return headers;
}

interface Bench {
  readonly clock: ManualClock;
  readonly relay: Relay;
  readonly told: string[];
}

function bench(): Bench {
  const clock = new ManualClock();
  const told: string[] = [];
  const listener = {
    batch: () => undefined,
    media: () => void told.push('media'),
    pause: () => void told.push('pause'),
    formats: () => void told.push('formats'),
  };
  return { clock, relay: new Relay({ clock, random: seededRandom(3), listener }), told };
}

/** Sends frames [from, to) in real time. */
function send(to: Bench, sink: TrackSink | undefined, packets: VideoPackets, from: number, until: number): void {
  for (let i = from; i < until; i++) {
    for (const packet of packets.frame(i)) sink?.packet(packet, to.clock.monoMs());
    sink?.flush();
    to.clock.advance(40);
  }
}

function begin(
  to: Bench,
  packets: VideoPackets,
): { readonly attempt: RelayAttempt; readonly video: TrackSink | undefined } {
  const attempt = to.relay.begin();
  const [video] = attempt.sink.announce([packets.format]);
  return { attempt, video };
}

describe('Relay', () => {
  it('makes one batch of a frame, on a line of its own, payloads as they came', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const { video } = begin(one, packets);
    one.relay.attach(reader, 'key');
    send(one, video, packets, 0, 30);
    assert.equal(reader.batches.length, 30);
    assert.deepEqual(
      reader.batches.flatMap((batch, i) => (batch.key ? [i] : [])),
      [0, 15],
    );
    assert.ok(reader.batches.every((batch) => batch.frameEnd && batch.lostBefore === 0));
    const track = one.relay.tracks[0];
    const headers = reader.headers();
    headers.forEach((header, i) => {
      assert.equal(header.ssrc, track?.ssrc);
      assert.equal(header.payloadType, track?.format.payloadType);
      assert.equal(header.sequence, ((headers[0]?.sequence ?? 0) + i) & 0xffff);
    });
    assert.deepEqual(
      reader.batches.map((batch) => batch.ticks - (reader.batches[0]?.ticks ?? 0)),
      reader.batches.map((_, i) => i * 3600),
    );
    const sent = new VideoPackets('plain-h264');
    const bytes = Array.from({ length: 30 }, (_, i) => sent.frame(i).map((packet) => packet.subarray(12))).flat();
    const relayed = reader.batches.flatMap((batch) => {
      const payloads: Uint8Array[] = [];
      for (let at = 0; at < batch.buffer.length; at += framedLength(batch.buffer, at)) {
        payloads.push(new Uint8Array(batch.buffer.subarray(at + 16, at + framedLength(batch.buffer, at))));
      }
      return payloads;
    });
    assert.deepEqual(relayed, bytes);
  });

  it('copies: what the source does with its buffer afterwards changes nothing', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const { video } = begin(one, packets);
    one.relay.attach(reader, 'key');
    const frame = packets.frame(0);
    for (const packet of frame) {
      const copy = packet.slice();
      video?.packet(copy, 0);
      copy.fill(0);
    }
    const batch = reader.batches[0];
    assert.ok(batch);
    assert.deepEqual(new Uint8Array(batch.buffer.subarray(16, 4 + (frame[0]?.length ?? 0))), frame[0]?.subarray(12));
  });

  it('holds back readers until a key frame, and gives the GOP in memory to who asks for it', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const { video } = begin(one, packets);
    send(one, video, packets, 0, 20);
    const [key, gop, live] = [new TestReader(), new TestReader(), new TestReader()];
    assert.equal(one.relay.attach(key, 'key').burst.length, 0);
    const gopBurst = one.relay.attach(gop, 'gop').burst;
    const liveBurst = one.relay.attach(live, 'live').burst;
    assert.deepEqual([gopBurst.length, liveBurst.length], [5, 5]);
    assert.deepEqual([gopBurst[0]?.key, liveBurst[0]?.key], [true, true]);
    assert.deepEqual(
      liveBurst.map((batch) => (gopBurst[4]?.ticks ?? 0) - batch.ticks),
      [4, 3, 2, 1, 0].map((ms) => ms * 90),
    );
    send(one, video, packets, 20, 35);
    assert.equal(gop.batches.length, 15);
    assert.equal(live.batches.length, 15);
    assert.equal(key.batches.length, 5);
    assert.equal(key.batches[0]?.key, true);
  });

  it('a reader that leaves while it is served is served no more, others are', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const { video } = begin(one, packets);
    const leaving = new TestReader();
    const staying = new TestReader();
    leaving.deliver = (batch): void => {
      leaving.batches.push(batch);
      attachment.close();
      attachment.close();
    };
    const attachment = one.relay.attach(leaving, 'key');
    one.relay.attach(staying, 'key');
    send(one, video, packets, 0, 10);
    assert.deepEqual([leaving.batches.length, staying.batches.length], [1, 10]);
    assert.equal(one.relay.readers.count('rtsp'), 1);
  });

  it('goes on over a reconnect: same SSRC, next number, time as it passed; losses stay visible', () => {
    const one = bench();
    const first = new VideoPackets('plain-h264', { sequence: 65_530 });
    const reader = new TestReader();
    const before = begin(one, first);
    one.relay.attach(reader, 'key');
    send(one, before.video, first, 0, 75);
    before.attempt.end();
    one.clock.advance(10_000);
    const second = new VideoPackets('plain-h264', { sequence: 9, timestamp: 123_456_789, ssrc: 1 });
    const after = begin(one, second);
    send(one, after.video, second, 0, 30);
    second.sequence += 3;
    send(one, after.video, second, 30, 45);
    assert.deepEqual(reader.errors, []);
    assert.equal(reader.batches.length, 120);
    const resumed = reader.batches[75];
    assert.deepEqual([resumed?.key, resumed?.lostBefore], [true, 0]);
    const gapTicks = (resumed?.ticks ?? 0) - (reader.batches[74]?.ticks ?? 0);
    assert.ok(Math.abs(gapTicks / 90 - 10_040) < 2, `${gapTicks}`);
    assert.deepEqual(
      reader.batches.flatMap((batch, i) => (batch.lostBefore > 0 ? [[i, batch.lostBefore]] : [])),
      [[105, 3]],
    );
    const sequences = reader.headers().map((header) => header.sequence);
    const jumps = sequences.flatMap((sequence, i) => {
      const step = (sequence - (sequences[i - 1] ?? sequence - 1)) & 0xffff;
      return step === 1 ? [] : [step];
    });
    assert.deepEqual(jumps, [4]);
    // The old attempt is deaf.
    send(one, before.video, first, 75, 80);
    assert.equal(reader.batches.length, 120);
  });

  it('ends readers when the tracks are others', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const { attempt, video } = begin(one, packets);
    const reader = new TestReader();
    one.relay.attach(reader, 'key');
    send(one, video, packets, 0, 10);
    attempt.sink.announce([packets.format]);
    assert.deepEqual(reader.errors, []);
    attempt.sink.announce([packets.format, AAC_FORMAT]);
    assert.deepEqual(reader.errors, ['tracks-changed']);
    assert.equal(one.relay.tracks.length, 2);
    assert.equal(one.relay.gopCache.bytes, 0);
    // The sinks of the old list are deaf.
    send(one, video, packets, 10, 20);
    assert.equal(one.relay.gopCache.bytes, 0);
  });

  it('learns parameter sets in-band', () => {
    for (const name of ['plain-h264', 'plain-h265'] as const) {
      const one = bench();
      const packets = new VideoPackets(name);
      const attempt = one.relay.begin();
      const format = { ...packets.format, fmtp: new Map(), parameters: undefined };
      const [video] = attempt.sink.announce([format]);
      send(one, video, packets, 1, 15);
      const identity = (): string | undefined => one.relay.tracks[0]?.format.parameters?.identity;
      assert.equal(identity(), undefined);
      send(one, video, packets, 15, 17);
      assert.equal(identity(), packets.format.parameters?.identity);
      assert.equal(one.told.filter((what) => what === 'formats').length, 2);
    }
  });

  it('closes batches of a sender that marks no frame, or all NAL units', () => {
    for (const marker of [false, true]) {
      const one = bench();
      const packets = new VideoPackets('plain-h264');
      const reader = new TestReader();
      const { video } = begin(one, packets);
      one.relay.attach(reader, 'key');
      for (let i = 0; i < 30; i++) {
        for (const packet of packets.frame(i)) {
          packet[1] = (packet[1] ?? 0) & 0x7f;
          // A fragmentation unit is no end of a NAL unit.
          if (marker && ((packet[12] ?? 0) & 31) !== 28) packet[1] |= 0x80;
          video?.packet(packet, one.clock.monoMs());
        }
        video?.flush();
        one.clock.advance(40);
      }
      assert.equal(new Set(reader.batches.map((batch) => batch.ticks)).size, 30);
      assert.deepEqual(
        reader.batches.filter((batch) => batch.key).map((batch) => batch.ticks - (reader.batches[0]?.ticks ?? 0)),
        [0, 15 * 3600],
      );
      // Nothing stays longer than 5 ms.
      assert.ok(one.relay.keyFrame() !== undefined);
    }
  });

  it('lets an unfinished batch go after 5 ms, and begins a new one with the rest of the frame', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const { video } = begin(one, packets);
    one.relay.attach(reader, 'key');
    const frame = packets.frame(0);
    assert.ok(frame.length > 2);
    for (const packet of frame.slice(0, -1)) video?.packet(packet, one.clock.monoMs());
    video?.flush();
    assert.equal(reader.batches.length, 0);
    one.clock.advance(5);
    assert.equal(reader.batches.length, 1);
    assert.equal(reader.batches[0]?.frameEnd, false);
    for (const packet of frame.slice(-1)) video?.packet(packet, one.clock.monoMs());
    assert.deepEqual(
      reader.batches.map((batch) => [batch.key, batch.frameEnd]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it('keeps batches within 64 KB', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const { video } = begin(one, packets);
    one.relay.attach(reader, 'gop');
    for (let i = 0; i < 200; i++) {
      const packet = new Uint8Array(1400);
      writeRtpHeader(packet, { payloadType: 96, sequence: i, timestamp: 0, ssrc: 1 }, false);
      packet[12] = 0x65; // a slice of an IDR picture
      packet[13] = 0x88;
      video?.packet(packet, one.clock.monoMs());
    }
    assert.ok(reader.batches.length >= 4);
    assert.ok(reader.batches.every((batch) => batch.buffer.length <= 65_536));
    assert.deepEqual(
      reader.batches.map((batch) => batch.key),
      reader.batches.map((_, i) => i === 0),
    );
  });

  it('hands audio on at once, and leads with it where there is no picture', () => {
    const one = bench();
    const attempt = one.relay.begin();
    const [audio] = attempt.sink.announce([AAC_FORMAT]);
    const reader = new TestReader();
    one.relay.attach(reader, 'live');
    const packets = new AacPackets();
    for (let i = 0; i < 100; i++) {
      for (const packet of packets.frame(i)) audio?.packet(packet, one.clock.monoMs());
      audio?.flush();
      assert.equal(reader.batches.length, i + 1);
      one.clock.advance(1024 / 48);
    }
    assert.ok(reader.batches.every((batch) => batch.key));
    assert.equal(one.relay.anchored, true);
    assert.equal(one.relay.keyFrame(), undefined);
  });

  it('takes access units too, packed on the way in', () => {
    const one = bench();
    const packets = new VideoPackets('pyramid-h264');
    const { video } = begin(one, packets);
    const reader = new TestReader();
    one.relay.attach(reader, 'key');
    for (let i = 0; i < 48; i++) {
      video?.accessUnit(packets.unit(i), one.clock.monoMs());
      one.clock.advance(33);
    }
    assert.equal(reader.batches.length, 48);
    assert.equal(reader.batches.filter((batch) => batch.key).length, 2);
    assert.deepEqual(
      reader.batches.map((batch) => batch.ticks - (reader.batches[0]?.ticks ?? 0)),
      reader.batches.map((_, i) => packets.unit(i).ptsTicks - packets.unit(0).ptsTicks),
    );
    assert.deepEqual(one.relay.keyFrame()?.data, packets.unit(24).data);
  });

  it('cuts a long unit of samples into packets that each have their time', () => {
    const one = bench();
    const format = completeFormat({
      media: 'audio',
      encoding: 'PCMU',
      clockRate: 8000,
      channels: 1,
      payloadType: 0,
      fmtp: new Map<string, string>(),
    });
    const { parameters } = format;
    assert.ok(parameters);
    const [audio] = one.relay.begin().sink.announce([format]);
    const reader = new TestReader();
    one.relay.attach(reader, 'live');
    for (let i = 0; i < 3; i++) {
      const times = { ptsTicks: 4000 * i, dtsTicks: 4000 * i };
      const data = [[new Uint8Array(4000)]];
      audio?.accessUnit(
        { ...times, key: true, damaged: false, data, byteLength: 4000, parameters },
        one.clock.monoMs(),
      );
      audio?.flush();
      one.clock.advance(500);
    }
    const headers = reader.headers();
    assert.deepEqual(
      headers.map(({ timestamp }) => (timestamp - (headers[0]?.timestamp ?? 0)) >>> 0),
      [0, 1400, 2800, 4000, 5400, 6800, 8000, 9400, 10800],
    );
  });

  it('shows no key frame that loss has damaged', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const { video } = begin(one, packets);
    send(one, video, packets, 0, 15);
    const good = one.relay.keyFrame();
    const frame = packets.frame(15);
    frame.forEach((packet, i) => {
      if (i !== frame.length - 2) video?.packet(packet, one.clock.monoMs());
    });
    send(one, video, packets, 16, 20);
    assert.equal(one.relay.keyFrame(), good);
    send(one, video, packets, 20, 31);
    assert.notEqual(one.relay.keyFrame(), good);
    assert.equal(one.relay.keyFrame(), one.relay.keyFrame());
  });

  it('keeps sender reports true while the source is away', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const { attempt, video } = begin(one, packets);
    assert.equal(one.relay.senderClock(0), undefined);
    send(one, video, packets, 0, 75);
    const before = one.relay.senderClock(0);
    attempt.end();
    one.clock.advance(20_000);
    const after = one.relay.senderClock(0);
    assert.ok(before !== undefined && after !== undefined);
    assert.equal(after.ntpUtcMs - before.ntpUtcMs, 20_000);
    assert.equal((after.rtpTimestamp - before.rtpTimestamp) >>> 0, 20_000 * 90);
  });

  it('survives anything that is sent', () => {
    const seed = newSeed();
    const random = seededRandom(seed);
    for (let round = 0; round < 20; round++) {
      const one = bench();
      const packets = new VideoPackets(round % 2 === 0 ? 'plain-h264' : 'pyramid-h265');
      const { video } = begin(one, packets);
      const reader = new TestReader();
      one.relay.attach(reader, 'key');
      for (let i = 0; i < 60; i++) {
        for (const packet of packets.frame(i)) {
          const spoiled = random() < 0.2 ? mutatedPacket(packet, random) : packet;
          video?.packet(spoiled, one.clock.monoMs());
        }
        if (random() < 0.5) video?.flush();
        one.clock.advance(40 * random());
      }
      one.relay.keyFrame();
      for (const batch of reader.batches) assert.equal(headersOf(batch).length, batch.packets, `seed ${seed}`);
    }
  });
});
