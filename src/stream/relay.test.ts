import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom, unitSeed } from '../../test/harness/seeded-random.ts';
import { MAX_ACCESS_UNIT_BYTES } from '../core/codec/codec.ts';
import { completeFormat } from '../core/codec/registry.ts';
import { writeRtpHeader } from '../core/rtp/packet.ts';
import { AAC_FORMAT, AacPackets, ReceivedTrack, VideoPackets, mutatedPacket } from './fake-camera.ts';
import { framedLength } from './framed.ts';
import { begin, bench, headersOf, send, TestReader } from './relay.table.ts';
import type { Batch } from './batch.ts';

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

  it('copies: what the source does with its buffer afterwards changes nothing (gsl#351)', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const { video } = begin(one, packets);
    one.relay.attach(reader, 'key');
    const frame = packets.frame(0);
    for (const packet of frame) {
      const copy = packet.slice();
      video.packet(copy, 0);
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

  it('squeezes the GOP in memory once for all that come before the next batch', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const { attempt, video } = begin(one, packets);
    const join = (): readonly Batch[] => one.relay.attach(new TestReader(), 'live').burst;
    send(one, video, packets, 0, 20);
    const [first, second] = [join(), join()];
    assert.equal(first.length, 5);
    assert.ok(first.every((batch, i) => batch === second[i]));
    send(one, video, packets, 20, 21);
    const later = join();
    assert.deepEqual([later.length, later.at(-1)?.ticks], [6, one.relay.gops().at(-1)?.ticks]);
    assert.equal(first.length, 5);
    attempt.end();
    assert.deepEqual(join(), []);
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

  it('learns parameter sets in-band', () => {
    for (const name of ['plain-h264', 'plain-h265'] as const) {
      const one = bench();
      const packets = new VideoPackets(name);
      const attempt = one.relay.begin();
      const format = { ...packets.format, fmtp: new Map(), parameters: undefined };
      const [sink] = attempt.sink.announce([format]);
      const video = new ReceivedTrack(sink, format.clockRate);
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
          video.packet(packet, one.clock.monoMs());
        }
        video.flush();
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
    for (const packet of frame.slice(0, -1)) video.packet(packet, one.clock.monoMs());
    video.flush();
    assert.equal(reader.batches.length, 0);
    one.clock.advance(5);
    assert.equal(reader.batches.length, 1);
    assert.equal(reader.batches[0]?.frameEnd, false);
    for (const packet of frame.slice(-1)) video.packet(packet, one.clock.monoMs());
    assert.deepEqual(
      reader.batches.map((batch) => [batch.key, batch.frameEnd]),
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it('lets what is open go when the sender says BYE, which is counted; it may send again', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const [sink] = one.relay.begin().sink.announce([packets.format]);
    one.relay.attach(reader, 'key');
    for (const packet of packets.frame(0).slice(0, -1)) sink?.packet(packet, 0, 0);
    assert.equal(reader.batches.length, 0);
    sink?.goodbye();
    assert.deepEqual([reader.batches.length, reader.batches[0]?.frameEnd], [1, false]);
    assert.deepEqual(one.relay.status()[0]?.faults, { goodbyes: 1 });
    for (const packet of packets.frame(15)) sink?.packet(packet, 40, 0);
    assert.deepEqual([reader.batches.length, reader.errors], [2, []]);
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
      video.packet(packet, one.clock.monoMs());
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
    const [sink] = attempt.sink.announce([AAC_FORMAT]);
    const audio = new ReceivedTrack(sink, AAC_FORMAT.clockRate);
    const reader = new TestReader();
    one.relay.attach(reader, 'live');
    const packets = new AacPackets();
    for (let i = 0; i < 100; i++) {
      for (const packet of packets.frame(i)) audio.packet(packet, one.clock.monoMs());
      audio.flush();
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
      video.accessUnit(packets.unit(i), one.clock.monoMs());
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
      if (i !== frame.length - 2) video.packet(packet, one.clock.monoMs());
    });
    send(one, video, packets, 16, 20);
    assert.equal(one.relay.keyFrame(), good);
    send(one, video, packets, 20, 31);
    assert.notEqual(one.relay.keyFrame(), good);
    assert.equal(one.relay.keyFrame(), one.relay.keyFrame());
  });

  it('holds no more than a key frame where time stands still and no frame ends, and counts it', () => {
    const one = bench();
    const { video } = begin(one, new VideoPackets('plain-h264'));
    const packet = new Uint8Array(1400);
    packet[12] = 0x65; // a slice of an IDR picture
    packet[13] = 0x88;
    let most = 0;
    for (let i = 0; i < 10_000; i++) {
      writeRtpHeader(packet, { payloadType: 96, sequence: i & 0xffff, timestamp: 0, ssrc: 1 }, false);
      video.packet(packet, one.clock.monoMs());
      most = Math.max(most, one.relay.gopCache.bytes);
    }
    assert.ok(most > MAX_ACCESS_UNIT_BYTES / 2 && most <= MAX_ACCESS_UNIT_BYTES, `${most}`);
    assert.equal(one.relay.gopCache.bytes, 0);
    assert.deepEqual(one.relay.status()[0]?.faults, { oversizedGops: 1 });
    assert.equal(one.relay.status({ segmentsDroppedEarly: 3 })[0]?.faults['segmentsDroppedEarly'], 3);
  });

  it('survives anything that is sent', () => {
    const seed = unitSeed();
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
          video.packet(spoiled, one.clock.monoMs());
        }
        if (random() < 0.5) video.flush();
        one.clock.advance(40 * random());
      }
      one.relay.keyFrame();
      for (const batch of reader.batches) assert.equal(headersOf(batch).length, batch.packets, `WEIR_SEED=${seed}`);
    }
  });
});
