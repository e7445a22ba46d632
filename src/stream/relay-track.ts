/**
 * One track of the relay: takes RTP packets as they come, makes SSRC, payload type, sequence number and timestamp the relay's own
 * while it copies them into the open batch, and closes a batch at the end of a frame, at 64 KB, after 5 ms or at another timestamp.
 *
 * A batch holds packets of one frame only. One that holds nothing but parameter sets waits for the picture they belong to, even if
 * the sender marks each NAL unit as the end of a frame (Tapo, mf#352).
 */
import { codecFor } from '../core/codec/registry.ts';
import { RTP_HEADER_BYTES, parseRtpHeader, rewriteRtpHeader, writeRtpHeader } from '../core/rtp/packet.ts';
import { BATCH_BYTES_MAX, BatchBuffer } from './batch-buffer.ts';
import { FrameRate } from './frame-rate.ts';
import { FRAME_HEADER_BYTES } from './framed.ts';
import { ParameterLearner } from './parameter-learner.ts';
import { RtpTimeRepair } from './rtp-time-repair.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { Codec, Packetizer } from '../core/codec/codec.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { RtpHeader } from '../core/rtp/packet.ts';
import type { Batch } from './batch.ts';
import type { StreamClock } from './stream-clock.ts';
import type { RelayTrack, TrackStatus } from './stream.ts';

/** A frame header has 16 bits for the length (RFC 2326 §10.12). */
export const PACKET_BYTES_MAX = 0xffff;
/** An unfinished batch goes out after so long. */
export const BATCH_MS_MAX = 5;
/** What fits a 1500-byte MTU with IP, UDP and RTP headers and some room for tunnels. */
export const RTP_PAYLOAD_BYTES = 1400;

export interface LiveTrackOptions {
  readonly index: number;
  readonly format: TrackFormat;
  /** The picture, or in a stream without one the track that leads. */
  readonly main: boolean;
  readonly random: () => number;
  /** UTC of a monotonic moment. */
  readonly utcOf: (monoMs: number) => number;
  /** A batch is whole and frozen. */
  readonly onBatch: (batch: Batch, track: LiveTrack) => void;
  /** A set-up became known, or it is another. */
  readonly onFormat: () => void;
  /** The sender's clock turned out to run at another rate than was believed: times advance by that from now on. */
  readonly onRate: (arrivalMs: number) => void;
}

/** The open batch, besides its bytes; one object a track, used again and again. */
interface OpenBatch {
  packets: number;
  arrivalMs: number;
  ticks: number;
  key: boolean;
  hasSets: boolean;
  onlySets: boolean;
  lostBefore: number;
}

export class LiveTrack implements RelayTrack {
  readonly index: number;
  readonly ssrc: number;
  readonly codec: Codec | undefined;
  readonly main: boolean;
  format: TrackFormat;
  /** Arrival of the newest packet, monotonic; undefined before the first. */
  lastArrivalMs: number | undefined;
  readonly #options: LiveTrackOptions;
  readonly #time: RtpTimeRepair;
  readonly #buffer: BatchBuffer;
  readonly #rate = new FrameRate();
  readonly #learner: ParameterLearner;
  readonly #open: OpenBatch = {
    packets: 0,
    arrivalMs: 0,
    ticks: 0,
    key: false,
    hasSets: false,
    onlySets: true,
    lostBefore: 0,
  };
  /** Our number of the newest packet: 16 bits, one line without a jump, in which what was lost on the way in stays a gap. */
  #sequence: number;
  #frameEnded = true;
  /** Time of the newest frame. */
  #frameTicks: number | undefined;
  /** Time of the last key frame: its further slices are not another one. */
  #keyTicks: number | undefined;
  /** A new attempt: where the track's time was, and when; until its first packet. */
  #resume: { readonly ticks: number; readonly arrivalMs: number } | undefined;
  #interrupted = true;
  #report: { readonly ntpUtcMs: number; readonly rtpTimestamp: number; readonly times: StreamClock } | undefined;
  /** Parameter sets that readers who came before cannot know: sent ahead of each key frame, until the sender sends its own. */
  #untold: readonly Uint8Array[] = [];
  #packer: { readonly packetizer: Packetizer; readonly scratch: Uint8Array } | undefined;
  #packedSequence = 0;
  #bytes = 0;
  #packets = 0;
  #lost = 0;
  #malformed = 0;
  #goodbyes = 0;
  #unpackable = 0;

  constructor(options: LiveTrackOptions) {
    const { random, format } = options;
    this.#options = options;
    this.index = options.index;
    this.main = options.main;
    this.codec = codecFor(format.encoding);
    // Dynamic numbers are ours; a static one tells a reader the codec (RFC 3551 §6).
    this.format = { ...format, payloadType: format.payloadType < 96 ? format.payloadType : 96 + (options.index & 31) };
    this.ssrc = Math.floor(random() * 2 ** 32);
    this.#sequence = Math.floor(random() * 2 ** 15);
    this.#time = new RtpTimeRepair(format.clockRate, Math.floor(random() * 2 ** 31));
    this.#buffer = new BatchBuffer((2 * options.index) & 0xff);
    this.#learner = new ParameterLearner(this.format);
  }

  /** The relay's time of the newest frame, and the usual distance of two. */
  get ticks(): number {
    return this.#time.ticks;
  }

  get intervalTicks(): number {
    return this.#time.intervalTicks;
  }

  /** The source announces the same track again, perhaps with another set-up. */
  update(format: TrackFormat): void {
    const { parameters } = format;
    if (parameters === undefined || parameters.identity === this.format.parameters?.identity) return;
    this.format = { ...this.format, fmtp: format.fmtp, parameters };
    this.#untold = setPayloads(this.codec, this.format);
  }

  /** A new attempt: its first packet goes on at `ticks`, plus what passes from `arrivalMs` until it comes. */
  resume(ticks: number, arrivalMs: number): void {
    this.#resume = { ticks, arrivalMs };
  }

  packet(packet: Uint8Array, arrivalMs: number, lostBefore: number): void {
    const header = packet.length > PACKET_BYTES_MAX ? undefined : parseRtpHeader(packet);
    if (header === undefined) {
      this.#malformed++;
      return;
    }
    if (this.#resume !== undefined) this.#beginLine(this.#resume, arrivalMs);
    this.#sequence = (this.#sequence + lostBefore) & 0xffff;
    this.#interrupted = false;
    this.lastArrivalMs = arrivalMs;
    this.#packets++;
    this.#bytes += packet.length;
    this.#lost += lostBefore;
    const unmarked = this.format.media !== 'video';
    const ratesBefore = this.#time.faults.wrongRate;
    const ticks = this.#time.push(header.timestamp, arrivalMs, this.#frameEnded || unmarked);
    if (this.#time.faults.wrongRate !== ratesBefore) this.#options.onRate(arrivalMs);
    this.#gather(packet, header, ticks, arrivalMs, lostBefore);
    if (this.#report !== undefined)
      this.senderReport(this.#report.ntpUtcMs, this.#report.rtpTimestamp, this.#report.times);
  }

  /** The unit is packed into RTP here, so that there is one form in memory; its decode time is found again from its content. */
  accessUnit(unit: AccessUnit, arrivalMs: number): void {
    const packer = this.#packerOf();
    if (packer === undefined) {
      this.#unpackable++;
      return;
    }
    for (const { payload, marker, ticksLater = 0 } of packer.packetizer.packetize(unit)) {
      const timestamp = (((unit.ptsTicks + ticksLater) % 2 ** 32) + 2 ** 32) % 2 ** 32;
      const line = { payloadType: this.format.payloadType, sequence: this.#packedSequence, timestamp, ssrc: 0 };
      writeRtpHeader(packer.scratch, line, marker);
      packer.scratch.set(payload, RTP_HEADER_BYTES);
      this.#packedSequence = (this.#packedSequence + 1) & 0xffff;
      this.packet(packer.scratch.subarray(0, RTP_HEADER_BYTES + payload.length), arrivalMs, 0);
    }
  }

  /** What is open will not be finished. */
  goodbye(): void {
    this.#goodbyes++;
    this.close();
  }

  /** A report that comes before the first packet it speaks of waits for that. */
  senderReport(ntpUtcMs: number, rtpTimestamp: number, times: StreamClock): void {
    const ticks = this.#interrupted ? undefined : this.#time.ticksOf(rtpTimestamp);
    this.#report = ticks === undefined ? { ntpUtcMs, rtpTimestamp, times } : undefined;
    if (ticks !== undefined) times.senderReport(this.index, ntpUtcMs, ticks);
  }

  /** Nothing more is at hand: what is whole goes out. Returns whether something unfinished is left open. */
  flush(): boolean {
    // Audio packets are whole units, whether marked or not.
    if (this.format.media !== 'video') this.#close(true);
    return this.#open.packets > 0;
  }

  /** Closes the open batch if it is too old; returns whether one is left open. */
  closeOverdue(nowMs: number): boolean {
    if (this.#open.packets > 0 && nowMs - this.#open.arrivalMs >= BATCH_MS_MAX) this.close();
    return this.#open.packets > 0;
  }

  /** The attempt is over: what is open goes out, and what comes next is on another line. */
  interrupt(): void {
    this.close();
    this.#interrupted = true;
    this.#frameEnded = true;
    this.#report = undefined;
  }

  /** Closes the open batch as it is. */
  close(): void {
    this.#close(this.#frameEnded);
  }

  /** `more`: faults that show elsewhere. */
  status(nowMs: number, more: Readonly<Record<string, number>>): TrackStatus {
    const { restamped, newLine, arrivalClock, wrongRate } = this.#time.faults;
    const all = {
      malformed: this.#malformed,
      goodbyes: this.#goodbyes,
      unpackable: this.#unpackable,
      restamped,
      newLine,
      arrivalClock,
      wrongRate,
      ...more,
    };
    const faults = Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
    return {
      format: this.format,
      bytes: this.#bytes,
      packets: this.#packets,
      lost: this.#lost,
      frames: this.#rate.frames,
      framesPerSecond: this.#rate.perSecond(nowMs),
      faults,
    };
  }

  #beginLine(resume: { readonly ticks: number; readonly arrivalMs: number }, arrivalMs: number): void {
    const passed = Math.round(((arrivalMs - resume.arrivalMs) * this.format.clockRate) / 1000);
    this.#time.restart(resume.ticks + Math.max(0, passed));
    this.#resume = undefined;
  }

  #gather(packet: Uint8Array, header: RtpHeader, ticks: number, arrivalMs: number, lost: number): void {
    const open = this.#open;
    if (open.packets > 0) {
      const full = this.#buffer.length + FRAME_HEADER_BYTES + packet.length > BATCH_BYTES_MAX;
      if (full || ticks !== open.ticks || arrivalMs - open.arrivalMs > BATCH_MS_MAX) this.close();
    }
    if (open.packets === 0) {
      open.arrivalMs = arrivalMs;
      open.ticks = ticks;
      open.lostBefore = lost;
    }
    if (ticks !== this.#frameTicks) this.#rate.frame(arrivalMs);
    this.#frameTicks = ticks;
    const keyBegins = this.#peek(packet, header, ticks);
    if (open.hasSets) this.#untold = [];
    else if (keyBegins) for (const payload of this.#untold) this.#append(rtpOf(payload), ticks);
    this.#append(packet, ticks);
    this.#frameEnded = header.marker;
    if (header.marker && !open.onlySets) this.#close(true);
  }

  /** Into the open batch, as the next of our line. */
  #append(packet: Uint8Array, ticks: number): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const at = this.#buffer.append(packet);
    this.#open.packets++;
    const line = {
      payloadType: this.format.payloadType,
      sequence: this.#sequence,
      timestamp: ((ticks % 2 ** 32) + 2 ** 32) % 2 ** 32,
      ssrc: this.ssrc,
    };
    rewriteRtpHeader(this.#buffer.view(at, packet.length), line);
  }

  /** Notes what the packet holds; returns whether a key frame begins with it. */
  #peek(packet: Uint8Array, header: RtpHeader, ticks: number): boolean {
    const open = this.#open;
    if (this.codec === undefined || this.format.media !== 'video') {
      open.onlySets = false;
      // Nothing to look at: any frame may be the first one.
      return (this.format.media === 'video' || this.main) && this.#markKey(ticks);
    }
    const payload = packet.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength);
    const { key, parameterSets } = this.codec.peek(payload);
    if (parameterSets) open.hasSets = true;
    if (key || !parameterSets) open.onlySets = false;
    return key && this.#markKey(ticks);
  }

  /** Whether it is another key frame than the last. */
  #markKey(ticks: number): boolean {
    if (ticks === this.#keyTicks) return false;
    this.#open.key = true;
    this.#keyTicks = ticks;
    return true;
  }

  #close(frameEnd: boolean): void {
    const open = this.#open;
    if (open.packets === 0) return;
    const { packets, arrivalMs, ticks, key, hasSets, lostBefore } = open;
    open.packets = 0;
    open.key = false;
    open.hasSets = false;
    open.onlySets = true;
    const arrivalUtcMs = this.#options.utcOf(arrivalMs);
    const buffer = this.#buffer.take();
    const batch = { track: this.index, buffer, packets, arrivalMs, arrivalUtcMs, ticks, key, lostBefore, frameEnd };
    if (hasSets || (this.format.parameters === undefined && this.codec !== undefined)) this.#learn(batch);
    this.#options.onBatch(batch, this);
  }

  #learn(batch: Batch): void {
    const learnt = this.#learner.learn(this.format, batch);
    if (learnt === undefined) return;
    this.format = learnt;
    this.#options.onFormat();
  }

  #packerOf(): { readonly packetizer: Packetizer; readonly scratch: Uint8Array } | undefined {
    if (this.codec === undefined) return undefined;
    this.#packer ??= {
      packetizer: this.codec.packetizer(this.format, RTP_PAYLOAD_BYTES),
      scratch: new Uint8Array(RTP_HEADER_BYTES + RTP_PAYLOAD_BYTES),
    };
    return this.#packer;
  }
}

/** The parameter sets of a track, packed as its codec packs them before a key frame. */
function setPayloads(codec: Codec | undefined, format: TrackFormat): readonly Uint8Array[] {
  const { parameters } = format;
  if (codec === undefined || parameters === undefined || parameters.parameterSets.length === 0) return [];
  const nothing = { ptsTicks: 0, dtsTicks: 0, key: true, damaged: false, data: [], byteLength: 0, parameters };
  return codec
    .packetizer(format, RTP_PAYLOAD_BYTES)
    .packetize(nothing)
    .map(({ payload }) => payload);
}

/** A packet whose header is yet to be filled in, without a marker. */
function rtpOf(payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(RTP_HEADER_BYTES + payload.length);
  packet[0] = 0x80;
  packet.set(payload, RTP_HEADER_BYTES);
  return packet;
}
