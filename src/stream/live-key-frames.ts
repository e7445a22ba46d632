/** The newest whole and undamaged key frame of a stream, unpacked when somebody asks, once a picture. */
import { payloadsOf } from './batch-packets.ts';
import { keyFrameOf } from './gop-cache.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import type { Gop } from './gop-cache.ts';
import type { LiveTrack } from './relay-track.ts';

export class LiveKeyFrames {
  readonly #track: LiveTrack;
  /** What each GOP's key frame gave; undefined if it is damaged. */
  readonly #unpacked = new WeakMap<Gop, AccessUnit | undefined>();

  constructor(track: LiveTrack) {
    this.#track = track;
  }

  /** Of GOPs, newest first. */
  newest(gops: readonly Gop[]): AccessUnit | undefined {
    if (this.#track.format.media !== 'video') return undefined;
    for (const gop of gops) {
      if (!gop.whole) continue;
      if (!this.#unpacked.has(gop)) this.#unpacked.set(gop, this.#unpack(gop));
      const unit = this.#unpacked.get(gop);
      if (unit !== undefined) return unit;
    }
    return undefined;
  }

  #unpack(gop: Gop): AccessUnit | undefined {
    const depacketizer = this.#track.codec?.depacketizer(this.#track.format);
    if (depacketizer === undefined) return undefined;
    const units: AccessUnit[] = [];
    for (const batch of keyFrameOf(gop, this.#track.index)) {
      for (const payload of payloadsOf(batch)) units.push(...depacketizer.push(payload));
    }
    units.push(...depacketizer.flush());
    return units.find((unit) => unit.key && !unit.damaged);
  }
}
