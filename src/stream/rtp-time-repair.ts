/**
 * The RTP times of one track as the relay passes them on: unwrapped, on one line that goes on over reconnects, and without what
 * cameras get wrong. Works on frames: packets that share a timestamp.
 *
 *     sender   0   40   80  -9800 s  160  200 …                  single frame off by more than 5 s: re-stamped (Intelbras, mtx#6255)
 *     relay    0   40   80      120  160  200 …
 *     sender   0   40   80   7000 s  +40  +80 …                  three in a row on a new line: that line is followed from there on
 *     sender   0    0    0        0    0    0 …                  never moves: arrival times instead (Huawei, Uniview; zlm#3363)
 *     sender   0   40   80  a fifth too slow, for a minute       stretched from then on (open-nvr#229, lightNVR#608; rtp-rate.ts)
 */
import { signedDistance } from '../core/rtp/signed-distance.ts';
import { RtpRate } from './rtp-rate.ts';

/** A frame this far from where time can have got to is not believed. */
export const TIME_JUMP_MS_MAX = 5000;
/** B-frames go back, by 16 frames at most (H.264 A.3.1: max_dec_frame_buffering); further back is a jump too. */
export const TIME_BACK_MS_MAX = 2000;
/** So many frames in a row on the same other line are. */
const FRAMES_OF_NEW_LINE = 3;
/** A timestamp that stays for so long, over so many frame ends, does not count time. */
const STUCK_MS = 500;
const STUCK_FRAMES = 3;
/** Longest distance of two frames that is taken for the usual one. */
const USUAL_INTERVAL_MS_MAX = 2000;

export interface TimeFaults {
  restamped: number;
  newLine: number;
  arrivalClock: number;
  /** Times that the clock turned out to run at another rate than was believed. */
  wrongRate: number;
}

/** A frame where the sender's time and the relay's are known to belong together. */
interface Tie {
  readonly timestamp: number;
  /** Not rounded: steps of a clock that is scaled are no whole ticks. */
  readonly ticks: number;
  /** The sender's time, unwrapped, not scaled. */
  readonly senderTicks: number;
  readonly arrivalMs: number;
}

export class RtpTimeRepair {
  readonly faults: TimeFaults = { restamped: 0, newLine: 0, arrivalClock: 0, wrongRate: 0 };
  readonly #clockRate: number;
  /** The last believed frame. */
  #tie: Tie | undefined;
  /** The frame in hand, believed or not. */
  #timestamp = 0;
  #ticks = 0;
  #frameArrivalMs = 0;
  /** Where the next line starts, until its first packet. */
  #start: number;
  /** Usual distance of two frames in ticks. */
  #interval: number | undefined;
  #lastStep: number | undefined;
  #suspect: Tie | undefined;
  #suspects = 0;
  #framesAlike = 0;
  #byArrival = false;
  #rate = new RtpRate();

  constructor(clockRate: number, startTicks: number) {
    this.#clockRate = clockRate;
    this.#start = startTicks;
  }

  /** The relay's time of the newest frame. */
  get ticks(): number {
    return this.#tie === undefined ? this.#start : this.#ticks;
  }

  /** The usual distance of two frames in ticks; one where it is not known. */
  get intervalTicks(): number {
    return Math.max(1, this.#interval ?? 1);
  }

  /** The sender's next packet begins a new line, which goes on at `ticks`. */
  restart(ticks: number): void {
    this.#start = ticks;
    this.#tie = undefined;
    this.#suspects = 0;
    this.#framesAlike = 0;
    this.#byArrival = false;
    this.#rate = new RtpRate();
  }

  /**
   * The relay's time of a packet. `afterFrameEnd` says that the packet before it ended a frame by its marker (every packet
   * does where frames are not marked, as in audio).
   */
  push(timestamp: number, arrivalMs: number, afterFrameEnd: boolean): number {
    if (this.#tie === undefined)
      return this.#believe({ timestamp, ticks: this.#start, senderTicks: this.#start, arrivalMs });
    if (timestamp === this.#timestamp) return this.#sameTimestamp(arrivalMs, afterFrameEnd);
    this.#framesAlike = 0;
    if (this.#byArrival) return this.#doubt(this.#tie, timestamp, arrivalMs);
    const step = signedDistance(this.#tie.timestamp, timestamp, 2 ** 32);
    if (!this.#plausible(step, arrivalMs - this.#tie.arrivalMs)) return this.#doubt(this.#tie, timestamp, arrivalMs);
    this.#suspects = 0;
    const senderTicks = this.#tie.senderTicks + step;
    if (this.#rate.push((senderTicks * 1000) / this.#clockRate, arrivalMs)) this.faults.wrongRate++;
    const scaled = step * this.#rate.scale;
    this.#learnInterval(Math.round(Math.abs(scaled)));
    return this.#believe({ timestamp, ticks: this.#tie.ticks + scaled, senderTicks, arrivalMs });
  }

  /**
   * The unwrapped relay time of any timestamp of the sender near the newest frame (a sender report's); undefined while the
   * sender's times mean nothing.
   */
  ticksOf(timestamp: number): number | undefined {
    if (this.#tie === undefined || this.#byArrival) return undefined;
    const distance = signedDistance(this.#tie.timestamp, timestamp, 2 ** 32);
    return Math.round(this.#tie.ticks + distance * this.#rate.scale);
  }

  /** Time may stand still or go back a little (B-frames, a burst after a stall), and advance as far as the clock on the wall did. */
  #plausible(stepTicks: number, arrivalStepMs: number): boolean {
    const stepMs = (stepTicks * 1000) / this.#clockRate;
    return stepMs >= -TIME_BACK_MS_MAX && stepMs <= Math.max(0, arrivalStepMs) + TIME_JUMP_MS_MAX;
  }

  #believe(tie: Tie): number {
    this.#tie = tie;
    return this.#frame(tie.timestamp, Math.round(tie.ticks), tie.arrivalMs);
  }

  #frame(timestamp: number, ticks: number, arrivalMs: number): number {
    this.#timestamp = timestamp;
    this.#ticks = ticks;
    this.#frameArrivalMs = arrivalMs;
    return ticks;
  }

  /** A frame off the line: it gets the usual distance from the one before; the third in a row makes a line of its own. */
  #doubt(tie: Tie, timestamp: number, arrivalMs: number): number {
    const ticks = this.#byArrival ? this.#arrivalTicks(arrivalMs) : this.#ticks + this.intervalTicks;
    const suspect = this.#suspect;
    const goesOn =
      this.#suspects > 0 &&
      suspect !== undefined &&
      this.#plausible(signedDistance(suspect.timestamp, timestamp, 2 ** 32), arrivalMs - suspect.arrivalMs);
    this.#suspects = goesOn ? this.#suspects + 1 : 1;
    this.#suspect = { timestamp, ticks, senderTicks: ticks, arrivalMs };
    this.faults.restamped++;
    if (this.#suspects < FRAMES_OF_NEW_LINE) {
      // The believed line goes on under the frame, so that the next good one is judged by how much time has passed since.
      this.#tie = tie;
      return this.#frame(timestamp, ticks, arrivalMs);
    }
    this.faults.newLine++;
    this.#suspects = 0;
    this.#byArrival = false;
    this.#rate.restart();
    return this.#believe(this.#suspect);
  }

  /** Another packet of the frame in hand, or a sender whose clock stands still. */
  #sameTimestamp(arrivalMs: number, afterFrameEnd: boolean): number {
    if (!afterFrameEnd) return this.#ticks;
    this.#framesAlike++;
    if (!this.#byArrival) {
      // A marker on every NAL unit (Tapo, mf#352) ends "frames" too, but all of them within milliseconds.
      const stuck = this.#framesAlike >= STUCK_FRAMES && arrivalMs - this.#frameArrivalMs >= STUCK_MS;
      if (!stuck) return this.#ticks;
      this.#byArrival = true;
      this.faults.arrivalClock++;
    }
    return this.#frame(this.#timestamp, this.#arrivalTicks(arrivalMs), arrivalMs);
  }

  #arrivalTicks(arrivalMs: number): number {
    return this.#ticks + Math.max(1, Math.round(((arrivalMs - this.#frameArrivalMs) * this.#clockRate) / 1000));
  }

  /** The smaller of the last two steps: B-frames make every other step a multiple. */
  #learnInterval(step: number): void {
    if ((step * 1000) / this.#clockRate > USUAL_INTERVAL_MS_MAX) return;
    this.#interval = this.#lastStep === undefined ? step : Math.min(step, this.#lastStep);
    this.#lastStep = step;
  }
}
