/**
 * Keeps a track's format complete: where SDP gave no set-up, or the sender changes it in-band, the packets that hold parameter
 * sets (all packets, until a set-up is known) pass a depacketizer of their own, whose access units nobody looks at.
 */
import { codecFor } from '../core/codec/registry.ts';
import { payloadsOf } from './batch-packets.ts';
import type { Depacketizer } from '../core/codec/codec.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { Batch } from './batch.ts';

export class ParameterLearner {
  readonly #depacketizer: Depacketizer | undefined;

  constructor(format: TrackFormat) {
    this.#depacketizer = codecFor(format.encoding)?.depacketizer(format);
  }

  /** Takes a batch in; returns the format with another set-up if that changed. */
  learn(format: TrackFormat, batch: Batch): TrackFormat | undefined {
    const depacketizer = this.#depacketizer;
    if (depacketizer === undefined) return undefined;
    for (const payload of payloadsOf(batch)) depacketizer.push(payload);
    depacketizer.flush();
    const { parameters } = depacketizer;
    if (parameters === undefined || parameters.identity === format.parameters?.identity) return undefined;
    return { ...format, parameters };
  }
}
