/** A relay by itself for tests: its bench, a reader, and a camera that sends to it. */
import { seededRandom } from '../../test/harness/seeded-random.ts';
import { ManualClock } from '../base/manual-clock.ts';
import { parseRtpHeader } from '../core/rtp/packet.ts';
import { ReceivedTrack, type VideoPackets } from './fake-camera.ts';
import { framedLength } from './framed.ts';
import { Relay } from './relay.ts';
import type { WeirError } from '../core/errors.ts';
import type { RtpHeader } from '../core/rtp/packet.ts';
import type { Batch } from './batch.ts';
import type { RelayAttempt } from './relay.ts';
import type { RelayReader } from './stream.ts';

export class TestReader implements RelayReader {
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

export function headersOf(batch: Batch): readonly RtpHeader[] {
  const headers: RtpHeader[] = [];
  for (let at = 0; at < batch.buffer.length; at += framedLength(batch.buffer, at)) {
    const header = parseRtpHeader(batch.buffer.subarray(at + 4, at + framedLength(batch.buffer, at)));
    if (header !== undefined) headers.push(header);
  }
  return headers;
}

export interface Bench {
  readonly clock: ManualClock;
  readonly relay: Relay;
  readonly told: string[];
}

export function bench(): Bench {
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

/** Sends frames [from, until) in real time. */
export function send(
  to: Bench,
  track: Pick<ReceivedTrack, 'packet' | 'flush'>,
  packets: VideoPackets,
  from: number,
  until: number,
): void {
  for (let i = from; i < until; i++) {
    for (const packet of packets.frame(i)) track.packet(packet, to.clock.monoMs());
    track.flush();
    to.clock.advance(40);
  }
}

export function begin(
  to: Bench,
  packets: VideoPackets,
): { readonly attempt: RelayAttempt; readonly video: ReceivedTrack } {
  const attempt = to.relay.begin();
  const [sink] = attempt.sink.announce([packets.format]);
  return { attempt, video: new ReceivedTrack(sink, packets.format.clockRate) };
}
