/** What sender reports say of a stream's tracks (RFC 3550 §6.4.1): which RTP time is which moment, also while the source is away. */
import { writeSenderReport } from '../../core/rtcp/write.ts';
import { RTP_HEADER_BYTES } from '../../core/rtp/packet.ts';
import type { Batch } from '../../stream/batch.ts';
import { FRAME_HEADER_BYTES } from '../../stream/framed.ts';
import type { RelayTrack, Stream } from '../../stream/stream.ts';
import type { TrackReport } from './media-out.ts';

/** A track that is being sent, and what of it was since sending began. */
export interface SentTrack {
  readonly track: RelayTrack;
  packets: number;
  octets: number;
}

export function countSent(sent: SentTrack, batch: Batch): void {
  sent.packets += batch.packets;
  sent.octets += batch.buffer.length - batch.packets * (FRAME_HEADER_BYTES + RTP_HEADER_BYTES);
}

/** The reports of those tracks of which packets ever came. */
export function senderReports(
  stream: Stream,
  sent: readonly SentTrack[],
  utcMs: number,
  cname: string,
): readonly TrackReport[] {
  return sent.flatMap(({ track, packets, octets }) => {
    const moment = stream.senderClock(track.index);
    if (moment === undefined) return [];
    const elapsedTicks = Math.round(((utcMs - moment.ntpUtcMs) * track.format.clockRate) / 1000);
    const rtpTimestamp = (moment.rtpTimestamp + elapsedTicks) >>> 0;
    return [
      {
        track: track.index,
        packet: writeSenderReport({ ssrc: track.ssrc, utcMs, rtpTimestamp, packets, octets, cname }),
      },
    ];
  });
}
