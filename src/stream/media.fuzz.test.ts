/**
 * Whatever a source sends, of all codecs and in all states: nothing throws on the way to readers, fragments and key frames, what is held in memory stays
 * bounded, and each track of the timeline goes on where it ended, or later.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureNames, loadCapture, type Capture } from '../../test/fixtures/streams/rtp/captures.ts';
import { VIDEO_STREAMS, payloadsOf, videoStream } from '../../test/fixtures/streams/units.ts';
import { FUZZ_ROUNDS, FUZZ_SEED, oneOf } from '../../test/harness/fuzz.ts';
import { below, mutated, type Random } from '../../test/harness/mutations.ts';
import { seededRandom } from '../../test/harness/seeded-random.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../core/rtp/packet.ts';
import { TestReader } from './relay.table.ts';
import { PULL, settingsOf, streamBench } from './live-streams.table.ts';
import type { Fragment } from './fragment.ts';
import type { Source, SourceSink, TrackSink } from './source.ts';
import type { Stream } from './stream.ts';

type Sent = Pick<Capture, 'name' | 'format' | 'payloads'>;

const VIDEOS: readonly Sent[] = [
  ...VIDEO_STREAMS.map((name) => {
    const stream = videoStream(name);
    return { name, format: stream.format, payloads: payloadsOf(stream) };
  }),
  ...captures('video'),
];
const SOUNDS: readonly Sent[] = captures('audio');

function captures(media: 'video' | 'audio'): readonly Sent[] {
  return captureNames()
    .map(loadCapture)
    .filter(({ format }) => format.media === media);
}

/** In the unit run each picture twice: bad media, and worse. */
const ROUNDS = Math.ceil((FUZZ_ROUNDS / 100_000) * 2 * VIDEOS.length);
const PACKETS = 200;
/** GOPs (32 MiB), and segments of the head. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

/** A source whose sink the test uses. */
class OpenSource implements Source {
  readonly kind = 'test';
  readonly label = 'test';
  sink: SourceSink | undefined;

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    this.sink = sink;
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.sink = undefined;
  }
}

test('any media', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    try {
      await playRound(round, seededRandom(FUZZ_SEED + round));
    } catch (error) {
      throw new Error(`WEIR_SEED=${FUZZ_SEED}, round ${round}`, { cause: error });
    }
  }
});

async function playRound(round: number, random: Random): Promise<void> {
  const source = new OpenSource();
  const bench = streamBench(() => source);
  await bench.apply(settingsOf('yard', PULL));
  const stream = await bench.streams.find('yard');
  assert.ok(stream);
  const ends = new Map<number, number>();
  const subscription = stream.timeline.subscribe({
    fragment: (fragment) => follows(fragment, ends),
    segment: () => undefined,
    pause: () => undefined,
  });
  const watching = stream.timeline.use('hls');
  await bench.pass(100);
  const sent = [VIDEOS[round % VIDEOS.length] ?? oneOf(VIDEOS, random), oneOf(SOUNDS, random)];
  let senders = announce(source, sent, random);
  for (let packet = 0; packet < PACKETS; packet++) {
    for (const sender of senders) sender.send(bench.clock.monoMs(), round < VIDEOS.length ? 0.02 : 0.3);
    if (packet % 8 === 7) await bench.pass(random() < 0.02 ? 12_000 : 40);
    if (random() < 0.02) look(stream, random);
    // Seldom the same tracks the other way round, or one of them alone.
    if (random() < 0.005) senders = announce(source, random() < 0.5 ? sent.toReversed() : sent.slice(0, 1), random);
  }
  look(stream, random);
  subscription.close();
  watching.close();
  await bench.streams.close();
}

function announce(source: OpenSource, sent: readonly Sent[], random: Random): readonly Sender[] {
  const formats = sent.map(({ format }) => (random() < 0.5 ? format : { ...format, parameters: undefined }));
  const sinks = source.sink?.announce(formats) ?? [];
  return sinks.flatMap((sink, index) => {
    const one = sent[index];
    return one === undefined ? [] : [new Sender(sink, one, random)];
  });
}

/** Sends what one track has again and again, on a line of its own, damaged. */
class Sender {
  readonly #sink: TrackSink;
  readonly #sent: Sent;
  readonly #random: Random;
  #next = 0;
  #sequence = 0;
  #turnTicks = 0;

  constructor(sink: TrackSink, sent: Sent, random: Random) {
    this.#sink = sink;
    this.#sent = sent;
    this.#random = random;
  }

  /** `wildness`: how much of it is wrong. */
  send(nowMs: number, wildness: number): void {
    const random = this.#random;
    const wild = (): boolean => random() < wildness;
    const { payloads, format } = this.#sent;
    const one = payloads[this.#next % payloads.length];
    assert.ok(one);
    this.#next += 1;
    if (this.#next % payloads.length === 0) this.#turnTicks += one.ticks + format.clockRate / 25;
    const lost = wild() ? below(5, random) : 0;
    this.#sequence = (this.#sequence + 1 + lost) & 0xffff;
    const payload = wild() ? mutated(one.payload, random) : one.payload;
    const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
    const ticks = this.#turnTicks + one.ticks + (wild() ? below(2 ** 32, random) : 0);
    const line = { payloadType: format.payloadType, sequence: this.#sequence, timestamp: ticks % 2 ** 32, ssrc: 7 };
    writeRtpHeader(packet, line, wild() ? !one.marker : one.marker);
    packet.set(payload, RTP_HEADER_BYTES);
    const before = packet.slice();
    this.#sink.packet(wild() ? mutated(packet, random) : packet, nowMs, lost);
    assert.equal(Buffer.compare(packet, before), 0, 'the packet was written to');
    if (random() < 0.5) this.#sink.flush();
    if (random() < 0.01) this.#sink.senderReport(wild() ? random() * 4e12 : Date.UTC(2026, 0, 1, 10), ticks % 2 ** 32);
    if (random() < 0.02 * wildness) this.#sink.goodbye();
  }
}

function follows({ tracks, bytes }: Fragment, ends: Map<number, number>): void {
  assert.ok(bytes.length > 0);
  for (const { trackId, startTicks, durationTicks } of tracks) {
    assert.ok(Number.isSafeInteger(startTicks) && durationTicks > 0);
    assert.ok(startTicks >= (ends.get(trackId) ?? startTicks), `track ${trackId} goes back`);
    ends.set(trackId, startTicks + durationTicks);
  }
}

/** What readers and the status see of it. */
function look(stream: Stream, random: Random): void {
  const attachment = stream.attach(new TestReader(), oneOf(['live', 'gop', 'key'] as const, random));
  attachment.close();
  const key = stream.keyFrame();
  assert.ok(key === undefined || (key.unit.key && !key.unit.damaged));
  const status = stream.status();
  assert.ok(status.memoryBytes <= MEMORY_BYTES_MAX, `${status.memoryBytes} bytes`);
  for (const { bytes, packets, lost, frames } of status.tracks)
    assert.ok([bytes, packets, lost, frames].every((count) => Number.isSafeInteger(count) && count >= 0));
}
