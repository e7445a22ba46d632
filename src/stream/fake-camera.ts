/** A camera for tests: the small encoded streams as RTP, without end, by a clock that the test turns. */
import { loadAac } from '../../test/fixtures/streams/streams.ts';
import { videoStream } from '../../test/fixtures/streams/units.ts';
import { WeirError } from '../core/errors.ts';
import { codecFor, completeFormat } from '../core/codec/registry.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../core/rtp/packet.ts';
import { RtpReceiver } from '../core/rtp/receiver.ts';
import { noIngestFaults } from './rtp-ingest.ts';
import type { VideoStreamName } from '../../test/fixtures/streams/streams.ts';
import type { ManualClock } from '../base/manual-clock.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { Packetizer } from '../core/codec/codec.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { Source, SourceSink, TrackSink } from './source.ts';

/** The plain streams have a key frame so often. */
export const PLAIN_GOP_MS = 15 * 40;
const PLAIN_GOP_FRAMES = 15;
const AAC_FRAME_TICKS = 1024;
const AAC_RATE = 48_000;

export const AAC_FORMAT: TrackFormat = completeFormat({
  media: 'audio',
  encoding: 'MPEG4-GENERIC',
  clockRate: AAC_RATE,
  channels: 2,
  payloadType: 97,
  fmtp: new Map([
    ['mode', 'AAC-hbr'],
    ['sizelength', '13'],
    ['indexlength', '3'],
    ['indexdeltalength', '3'],
    ['config', '1190'],
  ]),
});

/** Frames of one video track as RTP packets. Deterministic: frame `i` is always the same but for its header. */
export class VideoPackets {
  readonly format: TrackFormat;
  sequence: number;
  readonly frameTicks: number;
  readonly #units: readonly AccessUnit[];
  readonly #packetizer: Packetizer;
  readonly #firstTimestamp: number;
  readonly #ssrc: number;

  constructor(name: VideoStreamName, wanted: { sequence?: number; timestamp?: number; ssrc?: number } = {}) {
    const { format, units, codec } = videoStream(name);
    this.format = format;
    this.#units = units;
    this.#packetizer = codec.packetizer(format, 700);
    this.frameTicks = name.startsWith('pyramid') ? 3003 : 3600;
    this.sequence = wanted.sequence ?? 4000;
    this.#firstTimestamp = wanted.timestamp ?? 77_000;
    this.#ssrc = wanted.ssrc ?? 0xcafe;
  }

  /** Decode order; the presentation time is the stream's own, run on without a jump over its end. */
  frame(index: number): readonly Uint8Array[] {
    const unit = this.unit(index);
    const round = Math.floor(index / this.#units.length) * this.#units.length * this.frameTicks;
    const timestamp = (this.#firstTimestamp + unit.ptsTicks + round) % 2 ** 32;
    return this.#packetizer.packetize(unit).map(({ payload, marker }) => {
      const line = { payloadType: 96, sequence: this.sequence, timestamp, ssrc: this.#ssrc };
      this.sequence = (this.sequence + 1) & 0xffff;
      return rtp(line, payload, marker);
    });
  }

  unit(index: number): AccessUnit {
    const unit = this.#units[index % this.#units.length];
    if (unit === undefined) throw new RangeError('no frames');
    return unit;
  }
}

export class AacPackets {
  #sequence = 100;
  readonly #frames = loadAac();
  readonly #packetizer = codecFor('MPEG4-GENERIC')?.packetizer(AAC_FORMAT, 1400);

  frame(index: number): readonly Uint8Array[] {
    const data = this.#frames[index % this.#frames.length];
    const { parameters } = AAC_FORMAT;
    if (data === undefined || parameters === undefined) return [];
    const ticks = index * AAC_FRAME_TICKS;
    const times = { ptsTicks: ticks, dtsTicks: ticks };
    const unit = { ...times, key: true, damaged: false, data: [[data]], byteLength: data.length, parameters };
    return (this.#packetizer?.packetize(unit) ?? []).map(({ payload, marker }) => {
      this.#sequence = (this.#sequence + 1) & 0xffff;
      return rtp({ payloadType: 97, sequence: this.#sequence, timestamp: 9000 + ticks, ssrc: 0xbeef }, payload, marker);
    });
  }
}

/** A track's way in for packets as they come off the network. */
export class ReceivedTrack {
  readonly #sink: TrackSink | undefined;
  readonly #receiver: RtpReceiver;

  constructor(sink: TrackSink | undefined, clockRate: number) {
    this.#sink = sink;
    this.#receiver = new RtpReceiver(clockRate, noIngestFaults());
  }

  packet(packet: Uint8Array, arrivalMs: number): void {
    const lostBefore = this.#receiver.push(packet, arrivalMs);
    if (lostBefore !== undefined) this.#sink?.packet(packet, arrivalMs, lostBefore);
  }

  accessUnit(unit: AccessUnit, arrivalMs: number): void {
    this.#sink?.accessUnit(unit, arrivalMs);
  }

  flush(): void {
    this.#sink?.flush();
  }
}

/** A live source: each `run` is an attempt that sends from its own time 0 on until it is told to end or to fail. */
export class FakeCamera implements Source {
  readonly kind = 'rtsp';
  readonly label = 'rtsp://camera';
  readonly #clock: ManualClock;
  readonly #name: VideoStreamName;
  readonly #audio: boolean;
  /** How many attempts began, and ended. */
  begun = 0;
  ended = 0;
  /** What an attempt fails with as soon as it begins. */
  refusal: WeirError | undefined;
  /** What the network does to a packet. */
  spoil: (packet: Uint8Array) => Uint8Array = (packet) => packet;
  /** With how many frames at once an attempt begins: FFmpeg sends what it has. */
  burstFrames = 1;
  /** Which frame of its stream an attempt begins with. */
  firstFrame = 0;
  /** How much time passes in true time between two frames, as a factor of what their stamps say. */
  pace = 1;
  /** Of its key frames it sends one in so many, beginning with the one that its stream begins with; plain streams only. */
  keyEvery = 1;
  /** Frames of the picture sent in all attempts. */
  sent = 0;
  #fail: ((error: WeirError) => void) | undefined;

  constructor(clock: ManualClock, name: VideoStreamName = 'plain-h264', audio = false) {
    this.#clock = clock;
    this.#name = name;
    this.#audio = audio;
  }

  /** Ends the running attempt. */
  fail(error = new WeirError('source-closed', 'The camera was switched off')): void {
    this.#fail?.(error);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    this.begun++;
    if (this.refusal !== undefined) {
      this.ended++;
      throw this.refusal;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const packets = new VideoPackets(this.#name, { sequence: 1000 * this.begun, timestamp: 5_000_000 * this.begun });
    const formats = this.#audio ? [packets.format, AAC_FORMAT] : [packets.format];
    const sinks = sink.announce(formats);
    const tracks = formats.map(({ clockRate }, i) => new ReceivedTrack(sinks[i], clockRate));
    const timer = this.#clock.every((this.pace * packets.frameTicks) / 90, this.#sender(packets, tracks));
    signal.addEventListener('abort', () => resolve());
    this.#fail = reject;
    try {
      await promise;
    } finally {
      timer.cancel();
      this.ended++;
    }
  }

  #sender(packets: VideoPackets, tracks: readonly ReceivedTrack[]): () => void {
    const aac = this.#audio ? new AacPackets() : undefined;
    let video = this.firstFrame;
    let audio = 0;
    let begun = false;
    const send = (): void => {
      const now = this.#clock.monoMs();
      const leftOut = packets.unit(video).key && this.keyEvery > 1 && (video / PLAIN_GOP_FRAMES) % this.keyEvery !== 0;
      const frame = leftOut ? [] : packets.frame(video);
      for (const packet of frame) tracks[0]?.packet(this.spoil(packet), now);
      tracks[0]?.flush();
      video++;
      this.sent++;
      if (aac === undefined) return;
      for (; (audio * AAC_FRAME_TICKS * 1000) / AAC_RATE < (video * packets.frameTicks) / 90; audio++) {
        for (const packet of aac.frame(audio)) tracks[1]?.packet(packet, now);
        tracks[1]?.flush();
      }
    };
    return () => {
      for (let left = begun ? 1 : this.burstFrames; left > 0; left--) send();
      begun = true;
    };
  }
}

/** A packet with wrong bytes in its header and the start of its payload, or cut short. */
export function mutatedPacket(packet: Uint8Array, random: () => number): Uint8Array {
  const copy = packet.slice(0, random() < 0.3 ? Math.floor(random() * packet.length) : packet.length);
  for (let i = 0; i < 3; i++) copy[Math.floor(random() * 20)] = Math.floor(random() * 256);
  return copy;
}

function rtp(line: Parameters<typeof writeRtpHeader>[1], payload: Uint8Array, marker: boolean): Uint8Array {
  const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
  writeRtpHeader(packet, line, marker);
  packet.set(payload, RTP_HEADER_BYTES);
  return packet;
}
