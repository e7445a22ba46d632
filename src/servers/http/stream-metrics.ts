/** Copies what streams and storages count into the metrics, when somebody scrapes. */
import type { MetricSink } from '../../base/metrics.ts';
import type { Stream, StreamRegistry, StreamState } from '../../stream/stream.ts';
import type { RecordingStatus } from './api/stream-report.ts';

const STREAM_STATES = ['idle', 'connecting', 'live', 'down'] as const satisfies readonly StreamState[];

export function readStreamMetrics(
  registry: StreamRegistry,
  recordingOf: (stream: string) => RecordingStatus,
  sink: MetricSink,
): void {
  const states: Record<StreamState, number> = { idle: 0, connecting: 0, live: 0, down: 0 };
  for (const stream of registry.list()) states[readStream(stream, recordingOf(stream.name), sink)]++;
  for (const [state, count] of Object.entries(states)) sink.set('weir_streams', { state }, count);
}

function readStream(one: Stream, recording: RecordingStatus, sink: MetricSink): StreamState {
  const status = one.status();
  const stream = one.name;
  for (const [index, counts] of status.tracks.entries()) {
    const track = String(index);
    sink.set('weir_stream_received_bytes_total', { stream, track }, counts.bytes);
    sink.set('weir_stream_received_packets_total', { stream, track }, counts.packets);
    sink.set('weir_stream_lost_packets_total', { stream, track }, counts.lost);
    sink.set('weir_stream_frames_total', { stream, track }, counts.frames);
    for (const [fault, count] of Object.entries(counts.faults))
      sink.set('weir_stream_faults_total', { stream, track, fault }, count);
  }
  for (const [protocol, count] of Object.entries(status.readers))
    sink.set('weir_stream_readers', { stream, protocol }, count);
  for (const [fault, count] of Object.entries(status.source.faults))
    sink.set('weir_stream_source_faults_total', { stream, fault }, count);
  for (const state of STREAM_STATES) sink.set('weir_stream_state', { stream, state }, state === status.state ? 1 : 0);
  if (status.error !== undefined) sink.set('weir_stream_error', { stream, code: status.error.code }, 1);
  for (const { code } of status.warnings) sink.set('weir_stream_warning', { stream, code }, 1);
  const { members } = status.source;
  if (members !== undefined)
    sink.set(
      'weir_stream_source_in_use',
      { stream },
      members.findIndex(({ inUse }) => inUse),
    );
  if (status.gopMs !== undefined) sink.set('weir_stream_gop_seconds', { stream }, status.gopMs / 1000);
  sink.set('weir_stream_source_attempts_total', { stream }, status.source.attempts);
  sink.set('weir_stream_memory_bytes', { stream }, status.memoryBytes);
  if (status.lastKeyFrameUtcMs !== undefined) {
    sink.set('weir_stream_last_key_frame_timestamp_seconds', { stream }, status.lastKeyFrameUtcMs / 1000);
  }
  if (recording.recordedUpToUtcMs !== undefined) {
    sink.set('weir_stream_recorded_up_to_timestamp_seconds', { stream }, recording.recordedUpToUtcMs / 1000);
  }
  return status.state;
}

/** What a storage counts of itself. */
export interface StorageCounts {
  readonly bytesWritten: number;
  readonly errors: number;
  readonly queuedBytes: number;
  readonly oldestMs: number;
}

export function readStorageMetrics(storages: ReadonlyMap<string, StorageCounts>, sink: MetricSink): void {
  for (const [storage, counts] of storages) {
    sink.set('weir_storage_written_bytes_total', { storage }, counts.bytesWritten);
    sink.set('weir_storage_errors_total', { storage }, counts.errors);
    sink.set('weir_storage_queued_bytes', { storage }, counts.queuedBytes);
    sink.set('weir_storage_oldest_operation_seconds', { storage }, counts.oldestMs / 1000);
  }
}
