/** A relay over several attempts of its source. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codecFor } from '../core/codec/registry.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../core/rtp/packet.ts';
import { payloadsOf } from './batch-packets.ts';
import { AAC_FORMAT, AacPackets, VideoPackets } from './fake-camera.ts';
import { begin, bench, send, TestReader } from './relay.table.ts';

describe('Relay, attempt after attempt', () => {
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

  it('another set-up that only the description holds goes ahead of each key frame, for readers who stayed', () => {
    const one = bench();
    const first = new VideoPackets('plain-h264');
    const reader = new TestReader();
    const before = begin(one, first);
    one.relay.attach(reader, 'key');
    send(one, before.video, first, 0, 15);
    before.attempt.end();
    const count = reader.batches.length;
    // FFmpeg with `-c copy` of an MP4 sends no sets.
    const second = new VideoPackets('wide-h264');
    const after = begin(one, second);
    let sent = 0;
    for (let i = 0; i < 31; i++) {
      for (const packet of second.frame(i)) {
        if (!holdsSets(packet)) after.video.packet(renumbered(packet, sent++), one.clock.monoMs());
      }
      after.video.flush();
      one.clock.advance(40);
    }
    const stayed = codecFor('H264')?.depacketizer({ ...first.format, payloadType: 96 });
    const units = reader.batches.flatMap((batch) =>
      payloadsOf(batch).flatMap((payload) => stayed?.push(payload) ?? []),
    );
    const shapes = units.map(({ parameters }) => parameters.identity);
    assert.equal(shapes[0], first.format.parameters?.identity);
    assert.equal(shapes.at(-1), second.format.parameters?.identity);
    const begun = reader.batches.slice(count).filter(({ key }) => key);
    assert.ok(begun.length >= 2);
    assert.ok(begun.every((batch) => payloadsOf(batch).some(({ payload }) => isSets(payload))));
    const sequences = reader.headers().map((header) => header.sequence);
    assert.ok(sequences.every((sequence, i) => i === 0 || sequence === ((sequences[i - 1] ?? 0) + 1) % 65_536));
    // Its own sets from now on: nothing is added.
    second.sequence = sent;
    send(one, after.video, second, 45, 46);
    const own = reader.batches.findLast(({ key }) => key);
    assert.equal(own && payloadsOf(own).filter(({ payload }) => isSets(payload)).length, 1);
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

  it('the same tracks in another order are the same: each goes on where its kind was', () => {
    const one = bench();
    const packets = new VideoPackets('plain-h264');
    const first = one.relay.begin();
    const [video, audio] = first.sink.announce([packets.format, AAC_FORMAT]);
    const reader = new TestReader();
    one.relay.attach(reader, 'gop');
    const frames = new AacPackets();
    for (const packet of packets.frame(0)) video?.packet(packet, 0, 0);
    for (const packet of frames.frame(0)) audio?.packet(packet, 0, 0);
    audio?.flush();
    const second = one.relay.begin();
    const [audioToo, videoToo] = second.sink.announce([AAC_FORMAT, packets.format]);
    for (const packet of packets.frame(15)) videoToo?.packet(packet, 600, 0);
    for (const packet of frames.frame(1)) audioToo?.packet(packet, 600, 0);
    audioToo?.flush();
    assert.deepEqual(reader.errors, []);
    assert.deepEqual(
      reader.batches.map(({ track, key }) => [track, key]),
      [
        [0, true],
        [1, false],
        [0, true],
        [1, false],
      ],
    );
  });

  it('two tracks of one kind keep their order', () => {
    const one = bench();
    const { format } = new VideoPackets('plain-h264');
    one.relay.begin().sink.announce([format, AAC_FORMAT, format]);
    const [first, second, audio] = one.relay.begin().sink.announce([format, format, AAC_FORMAT]);
    const reader = new TestReader();
    one.relay.attach(reader, 'gop');
    for (const [i, sink] of [first, second, audio].entries()) {
      const packet = new Uint8Array(40);
      writeRtpHeader(packet, { payloadType: 96, sequence: 1, timestamp: 0, ssrc: i }, true);
      packet[12] = 0x65; // a slice of an IDR picture
      packet[13] = 0x88;
      sink?.packet(packet, 0, 0);
      sink?.flush();
    }
    assert.deepEqual(
      reader.batches.map(({ track }) => track),
      [0, 2, 1],
    );
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
});

/** A STAP-A, as the packetizer packs parameter sets (RFC 6184 §5.7.1). */
function isSets(payload: Uint8Array): boolean {
  return ((payload[0] ?? 0) & 31) === 24;
}

function holdsSets(packet: Uint8Array): boolean {
  return isSets(packet.subarray(RTP_HEADER_BYTES));
}

function renumbered(packet: Uint8Array, sequence: number): Uint8Array {
  const copy = new Uint8Array(packet);
  new DataView(copy.buffer).setUint16(2, sequence);
  return copy;
}
