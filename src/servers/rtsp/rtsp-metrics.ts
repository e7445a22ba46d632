/** Copies what the RTSP server counts into the metrics, when somebody scrapes. */
import type { MetricSink } from '../../base/metrics.ts';
import type { MulticastGroups } from './multicast-groups.ts';
import type { ReaderTotals } from './reader-totals.ts';
import type { ConnectionFaults } from './server-parts.ts';
import type { RtspSessionStatus } from './session-status.ts';
import { SESSION_TRANSPORTS, type SessionTransport } from './session-transport.ts';
import type { UdpReaders } from './udp-readers.ts';

export interface RtspCounts {
  readonly connections: { readonly open: number; readonly refused: number };
  readonly closed: ReadonlyMap<string, number>;
  readonly faults: Readonly<ConnectionFaults>;
  readonly sessions: readonly RtspSessionStatus[];
  readonly totals: ReaderTotals;
  readonly udpReaders: UdpReaders | undefined;
  readonly multicast: MulticastGroups | undefined;
}

export function readRtspMetrics(counts: RtspCounts, sink: MetricSink): void {
  const { connections, closed, faults, sessions, totals, udpReaders, multicast } = counts;
  sink.set('weir_rtsp_connections', {}, connections.open);
  sink.set('weir_rtsp_refused_connections_total', {}, connections.refused);
  for (const [reason, count] of closed) sink.set('weir_rtsp_closed_connections_total', { reason }, count);
  sink.set('weir_rtsp_skipped_bytes_total', {}, faults.garbageBytes);
  sink.set('weir_rtsp_stray_frames_total', {}, faults.strayFrames);
  for (const transport of SESSION_TRANSPORTS) {
    const here = sessions.filter((session) => session.transport === transport);
    for (const kind of ['reader', 'publisher'] as const)
      sink.set('weir_rtsp_sessions', { kind, transport }, here.filter((session) => session.kind === kind).length);
    readReported(transport, here, sink);
  }
  for (const [transport, total] of totals.all()) {
    sink.set('weir_rtsp_sent_bytes_total', { transport }, total.sentBytes);
    sink.set('weir_rtsp_reader_overflows_total', { transport }, total.overflows);
    sink.set('weir_rtsp_dropped_frames_total', { transport }, total.droppedBatches);
    sink.set('weir_rtsp_dropped_bytes_total', { transport }, total.droppedBytes);
    sink.set('weir_rtsp_reported_lost_packets_total', { transport }, total.reportedLost);
  }
  if (udpReaders !== undefined) {
    sink.set('weir_rtsp_stray_datagrams_total', {}, udpReaders.stray);
    sink.set('weir_rtsp_unsent_datagrams_total', {}, udpReaders.unsent);
  }
  if (multicast === undefined) return;
  sink.set('weir_rtsp_multicast_groups', {}, multicast.sending);
  sink.set('weir_rtsp_multicast_failed_datagrams_total', {}, multicast.failed);
}

/** The mean of those readers that said something. */
function readReported(transport: SessionTransport, sessions: readonly RtspSessionStatus[], sink: MetricSink): void {
  const reports = sessions.flatMap(({ reported }) => (reported === undefined ? [] : [reported]));
  const trips = reports.flatMap(({ roundTripMs }) => (roundTripMs === undefined ? [] : [roundTripMs]));
  if (reports.length > 0) {
    sink.set('weir_rtsp_reader_jitter_seconds', { transport }, mean(reports.map(({ jitterMs }) => jitterMs)) / 1000);
    sink.set('weir_rtsp_reader_loss_ratio', { transport }, mean(reports.map(({ loss }) => loss)));
  }
  if (trips.length > 0) sink.set('weir_rtsp_reader_round_trip_seconds', { transport }, mean(trips) / 1000);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
