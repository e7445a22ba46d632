/**
 * Cuts a stream into parts and segments: access units at their place in UTC in, fragments out, each muxed once.
 *
 *     K . . . . . . . . . . . K . . . . . . . . . . . K        frames of the leading track, K a key frame
 *     |part |part |part |part |part |part |part |part |        n frames a part; a key frame inside a segment ends none
 *     |segment                                        |        k GOPs a segment, cut by time where a GOP is too long
 *
 * The end of a frame is the time of the next, so a part closes when the first frame of the next part is there; if that is long overdue,
 * the last frame gets the usual length and the next keeps its own time. A jump of the clock, a hole of more than a part, or another
 * set-up of a decoder ends the segment, and the next is marked as a discontinuity. Audio may lag by a part, without a hole.
 */
import { AudioQueue, nominalTicks } from './audio-queue.ts';
import { CuttingRules } from './cutting-rules.ts';
import { FrameInterval } from './frame-interval.ts';
import { fragmentOf } from './fragment-writer.ts';
import { isMuxable } from '../core/codec/codec-parameters.ts';
import type { CodecParameters, MuxableParameters } from '../core/codec/codec-parameters.ts';
import type { InitTrack } from '../core/mp4/init-track.ts';
import type { PartTrack } from './fragment-writer.ts';
import type { Fragment, InitSegment, SegmentEntry } from './fragment.ts';
import type { Sample, TimedUnit } from './timed-unit.ts';
import type { ClockEpoch } from './track-clock.ts';

const VIDEO_TRACK_ID = 1;
/**
 * A run on another line of the clock that would begin so little before the end of the last one begins there: its first frames are squeezed
 * until their times pass it. A little more than what the clock corrects at once (JUMP_MS).
 */
export const BEHIND_MS_MAX = 1500;

export interface FragmenterOptions {
  readonly partMs: number;
  readonly segmentMs: number;
  /** Clock of the leading track: the picture, or audio in a stream without one. */
  readonly mainClockRate: number;
  /** Clock of the audio beside the picture. */
  readonly audioClockRate: number | undefined;
  readonly host: FragmenterHost;
}

export interface FragmenterHost {
  /** Numbers of a new segment; undefined if there are none now. */
  beginSegment(discontinuity: boolean): SegmentNumbering | undefined;
  /** The longest segment of the list, in milliseconds. */
  targetMs(): number;
  /** Usual distance of key frames. */
  gopMs(): number | undefined;
  /** The set-up of the audio beside the picture, if it is announced in the init. */
  audio(): CodecParameters | undefined;
  /** It has not been heard for so long that silence stands for it. */
  audioSilent(): boolean;
  /** Where the last fragment of a span ends, and the epoch that it was of: nothing of that span begins before it. */
  endOf(span: number): EndOfRun | undefined;
  init(tracks: readonly InitTrack[]): InitSegment;
  fragment(fragment: Fragment, at: ClockEpoch): void;
  segment(entry: SegmentEntry): void;
  /** A segment was cut inside a GOP. */
  cutByTime(): void;
}

export interface EndOfRun extends ClockEpoch {
  readonly utcMs: number;
}

export interface SegmentNumbering {
  readonly number: number;
  readonly discontinuityNumber: number;
}

interface OpenSegment extends SegmentNumbering {
  readonly discontinuity: boolean;
  readonly independent: boolean;
  readonly init: InitSegment;
  readonly main: CodecParameters;
  readonly audio: CodecParameters | undefined;
  readonly startTicks: number;
  readonly startUtcMs: number;
  parts: number;
  frames: number;
  bytes: number;
  durationMs: number;
}

type FragmenterState =
  /** For a key frame. */
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'open';
      readonly segment: OpenSegment;
      readonly at: ClockEpoch;
      /** Complete samples of the part in hand. */
      readonly samples: Sample[];
      sampleBytes: number;
      /** The newest frame, whose length is not known; undefined after a part was closed because its successor was overdue. */
      pending: TimedUnit | undefined;
      /** End of what is complete: decode time of what comes next. */
      endTicks: number;
      /** When the last picture of what is complete has been shown: with B-frames later than that. */
      shownTicks: number;
      /** Pictures before this one cannot be decoded by who begins here (RASL after CRA); undefined once past them. */
      entryPtsTicks: number | undefined;
    };

type OpenState = Extract<FragmenterState, { kind: 'open' }>;

export class Fragmenter {
  readonly #options: FragmenterOptions;
  readonly #host: FragmenterHost;
  readonly #rules: CuttingRules;
  readonly #audio: AudioQueue | undefined;
  #interval: FrameInterval | undefined;
  #state: FragmenterState = { kind: 'waiting' };
  #sequence = 0;

  constructor(options: FragmenterOptions) {
    this.#options = options;
    this.#host = options.host;
    this.#rules = new CuttingRules(options.partMs, options.segmentMs);
    this.#audio = options.audioClockRate === undefined ? undefined : new AudioQueue(options.audioClockRate);
  }

  /** Audio beside the picture. */
  pushAudio(unit: TimedUnit): void {
    this.#audio?.push(unit);
  }

  /** The leading track, in decode order. */
  pushMain(unit: TimedUnit): void {
    const interval = (this.#interval ??= this.#intervalOf(unit));
    switch (this.#state.kind) {
      case 'waiting':
        this.#enter(unit);
        return;
      case 'open':
        this.#goOn(this.#state, unit, interval);
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** Time passes: closes a part whose next frame is overdue. */
  tick(utcMs: number): void {
    const state = this.#state;
    if (state.kind !== 'open' || state.pending === undefined || this.#interval === undefined) return;
    const dueTicks = state.pending.dtsTicks + this.#interval.ticks;
    if (utcMs - this.#ms(dueTicks) <= this.#options.partMs) return;
    this.#complete(state, dueTicks);
    this.#closePart(state, false);
  }

  /**
   * Nothing follows: closes what is open, with the sound of all its pictures if the `source` is over; if only nobody asks any more, what
   * comes next may begin right here. It begins at a key frame.
   */
  end(why: 'source' | 'unused' = 'source'): void {
    if (this.#state.kind === 'open') this.#break(this.#state, why === 'source' ? 'shown' : 'decoded');
    this.#audio?.clear();
    this.#state = { kind: 'waiting' };
  }

  #enter(unit: TimedUnit): void {
    const first = unit.unit.key ? this.#notBehind(unit) : undefined;
    if (first !== undefined) this.#begin(first, true, unit.ptsTicks);
  }

  /** The frame as the first of a run; undefined where it lies before what was cut, which holds it or goes on too far beyond it. */
  #notBehind(unit: TimedUnit): TimedUnit | undefined {
    const end = this.#host.endOf(unit.at.span);
    if (end === undefined) return unit;
    const endTicks = Math.round((end.utcMs * this.#options.mainClockRate) / 1000);
    const behindTicks = endTicks - unit.dtsTicks;
    if (behindTicks <= 0) return unit;
    if (unit.at.epoch <= end.epoch || this.#ms(behindTicks) > BEHIND_MS_MAX) return undefined;
    return notBefore(unit, endTicks);
  }

  #goOn(state: OpenState, unit: TimedUnit, interval: FrameInterval): void {
    if (unit.at.epoch !== state.at.epoch) {
      // Another tie to UTC, the same pictures: they go on at once, unless they would overlap what was cut.
      this.#break(state);
      this.#state = { kind: 'waiting' };
      const first = this.#notBehind(unit);
      if (first !== undefined) this.#begin(first, true, undefined);
      return;
    }
    if (state.entryPtsTicks !== undefined) {
      if (unit.ptsTicks < state.entryPtsTicks) return;
      state.entryPtsTicks = undefined;
    }
    const earliest = state.pending === undefined ? state.endTicks : state.pending.dtsTicks + 1;
    const next = notBefore(unit, earliest);
    const step = next.dtsTicks - (state.pending?.dtsTicks ?? state.endTicks - interval.ticks);
    if (this.#ms(step - interval.ticks) > this.#rules.usualPartMs(this.#ms(interval.ticks))) {
      this.#break(state);
      this.#begin(next, true, undefined);
      return;
    }
    // A frame that was squeezed says nothing of their usual distance.
    if (next === unit) interval.push(step);
    if (state.pending !== undefined) this.#complete(state, next.dtsTicks);
    this.#place(state, next, interval);
  }

  /** Puts a frame that follows without a hole into the part, the next part, or the next segment. */
  #place(state: OpenState, next: TimedUnit, interval: FrameInterval): void {
    if (this.#endsSegment(state, next, interval)) {
      this.#closePart(state, false);
      this.#closeSegment(state);
      this.#begin(next, state.endTicks !== next.dtsTicks, undefined);
      return;
    }
    const [first] = state.samples;
    if (first !== undefined) {
      const part = {
        elapsedMs: this.#ms(next.dtsTicks - first.dtsTicks),
        frames: state.samples.length,
        bytes: state.sampleBytes,
      };
      if (this.#rules.endsPart(part, this.#ms(interval.ticks))) this.#closePart(state, false);
    }
    state.pending = next;
  }

  #endsSegment(state: OpenState, next: TimedUnit, interval: FrameInterval): boolean {
    const { segment } = state;
    if (next.unit.parameters.identity !== segment.main.identity) return true;
    const inHand = {
      elapsedMs: this.#ms(next.dtsTicks - segment.startTicks),
      frames: segment.frames + state.samples.length,
      bytes: segment.bytes + state.sampleBytes,
    };
    const frameMs = this.#ms(interval.ticks);
    const targetMs = this.#host.targetMs();
    if (next.unit.key) {
      const gopMs = segment.main.shape.media === 'audio' ? frameMs : (this.#host.gopMs() ?? inHand.elapsedMs);
      if (this.#rules.endsAtKey(inHand, gopMs, targetMs) || this.#audioBegins(segment)) return true;
    }
    const cut = this.#rules.endsAnywhere(inHand, frameMs, targetMs);
    if (cut && !next.unit.key) this.#host.cutByTime();
    return cut;
  }

  /** Audio waits that the segment's init does not announce. */
  #audioBegins(segment: OpenSegment): boolean {
    const waiting = this.#audio?.parameters;
    return waiting !== undefined && waiting.identity !== segment.audio?.identity && this.#host.audio() !== undefined;
  }

  /** `entryPtsTicks`: of the key frame with which a decoder begins here. */
  #begin(unit: TimedUnit, jump: boolean, entryPtsTicks: number | undefined): void {
    const before = this.#state.kind === 'open' ? this.#state.segment : undefined;
    const main = unit.unit.parameters;
    if (!isMuxable(main)) {
      this.#state = { kind: 'waiting' };
      return;
    }
    const audio = this.#audioSetUp(unit, jump, before);
    const init = this.#host.init(this.#initTracks(main, audio));
    const discontinuity = jump || init.hash !== before?.init.hash;
    const numbering = this.#host.beginSegment(discontinuity);
    if (numbering === undefined) {
      this.#state = { kind: 'waiting' };
      return;
    }
    const startTicks = unit.dtsTicks;
    const segment: OpenSegment = {
      ...numbering,
      discontinuity,
      independent: unit.unit.key,
      init,
      main,
      audio,
      startTicks,
      startUtcMs: this.#ms(unit.ptsTicks),
      parts: 0,
      frames: 0,
      bytes: 0,
      durationMs: 0,
    };
    this.#state = {
      kind: 'open',
      segment,
      at: unit.at,
      samples: [],
      sampleBytes: 0,
      pending: unit,
      endTicks: startTicks,
      shownTicks: startTicks,
      entryPtsTicks,
    };
  }

  /** Which audio goes with the segment that begins here. Audio that went silent must not stay announced: players wait for it. */
  #audioSetUp(unit: TimedUnit, jump: boolean, before: OpenSegment | undefined): CodecParameters | undefined {
    const queue = this.#audio;
    const sent = this.#host.audio();
    if (queue === undefined) return undefined;
    if (sent === undefined) {
      queue.clear();
      return undefined;
    }
    const parameters = queue.parameters ?? sent;
    if (jump || before?.audio?.identity !== parameters.identity) {
      queue.dropBefore(this.#audioTicks(unit.dtsTicks, queue), unit.at.epoch);
    }
    return queue.parameters ?? sent;
  }

  #initTracks(main: MuxableParameters, audio: CodecParameters | undefined): readonly InitTrack[] {
    const tracks = [{ trackId: VIDEO_TRACK_ID, timescale: this.#options.mainClockRate, parameters: main }];
    if (audio === undefined || this.#audio === undefined || !isMuxable(audio)) return tracks;
    return [...tracks, { trackId: VIDEO_TRACK_ID + 1, timescale: this.#audio.clockRate, parameters: audio }];
  }

  /** The run ends here: what is pending gets the usual length, and the segment is closed. */
  #break(state: OpenState, soundOf: 'shown' | 'decoded' = 'decoded'): void {
    const { pending } = state;
    if (pending !== undefined && this.#interval !== undefined) {
      this.#complete(state, pending.dtsTicks + this.#interval.ticks);
    }
    if (soundOf === 'shown') this.#closePart(state, true, state.shownTicks);
    else this.#closePart(state, true);
    this.#closeSegment(state);
  }

  #complete(state: OpenState, endTicks: number): void {
    const { pending } = state;
    if (pending === undefined) return;
    const { unit, dtsTicks, ptsTicks } = pending;
    state.sampleBytes += unit.byteLength;
    state.samples.push({ unit, dtsTicks, ptsTicks, durationTicks: endTicks - dtsTicks });
    state.pending = undefined;
    state.endTicks = endTicks;
    state.shownTicks = Math.max(state.shownTicks, endTicks + ptsTicks - dtsTicks);
  }

  #closePart(state: OpenState, endOfRun: boolean, soundEndTicks = state.endTicks): void {
    const { segment } = state;
    if (state.samples.length === 0) return;
    const main = { trackId: VIDEO_TRACK_ID, timescale: this.#options.mainClockRate, samples: state.samples.splice(0) };
    const fragment = fragmentOf({
      sequence: ++this.#sequence,
      part: segment.parts,
      segment,
      init: segment.init,
      tracks: [main, ...this.#audioPart(state, endOfRun, soundEndTicks)],
    });
    state.sampleBytes = 0;
    segment.parts++;
    segment.frames += main.samples.length;
    segment.bytes += fragment.bytes.length;
    segment.durationMs += fragment.durationMs;
    this.#host.fragment(fragment, state.at);
  }

  #audioPart(state: OpenState, endOfRun: boolean, soundEndTicks: number): readonly PartTrack[] {
    const queue = this.#audio;
    const parameters = state.segment.audio;
    if (queue === undefined || parameters === undefined) return [];
    const endTicks = this.#audioTicks(soundEndTicks, queue);
    const silent = parameters.silence !== undefined && this.#host.audioSilent();
    const take = (): readonly Sample[] => queue.take(endTicks, parameters.identity, endOfRun || silent);
    const samples = queue.filling ? [] : [...take()];
    if (parameters.silence !== undefined) {
      const { silence } = parameters;
      const { at } = state;
      const startTicks = this.#audioTicks(state.segment.startTicks, queue);
      samples.push(...queue.takeSilence({ startTicks, endTicks, at, parameters, silence }, silent), ...take());
    }
    return [{ trackId: VIDEO_TRACK_ID + 1, timescale: queue.clockRate, samples }];
  }

  #closeSegment(state: OpenState): void {
    const { number, startUtcMs, durationMs, bytes, init, discontinuity, independent, parts } = state.segment;
    if (parts === 0) return;
    this.#host.segment({ number, startUtcMs, durationMs, bytes, initHash: init.hash, discontinuity, independent });
  }

  #intervalOf(unit: TimedUnit): FrameInterval {
    const { shape } = unit.unit.parameters;
    const { mainClockRate } = this.#options;
    if (shape.media === 'audio') return new FrameInterval(nominalTicks(unit, mainClockRate));
    return FrameInterval.ofVideo(mainClockRate, shape.frameRate);
  }

  #audioTicks(mainTicks: number, queue: AudioQueue): number {
    return Math.round((this.#ms(mainTicks) * queue.clockRate) / 1000);
  }

  #ms(mainTicks: number): number {
    return (mainTicks * 1000) / this.#options.mainClockRate;
  }
}

function notBefore(unit: TimedUnit, ticks: number): TimedUnit {
  return unit.dtsTicks >= ticks ? unit : { ...unit, dtsTicks: ticks, ptsTicks: Math.max(unit.ptsTicks, ticks) };
}
