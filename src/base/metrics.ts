/**
 * The catalogue of metrics, a row each, and what answers /metrics. Nothing is counted here: parts keep plain numbers, and readers copy
 * them when somebody scrapes. docs/metrics.md is generated from the rows.
 */
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

export interface MetricRow {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
}

export const METRICS = {
  weir_build_info: gauge('Always 1; the version of weir and of Node.', 'version', 'node'),
  weir_streams: gauge('Streams by state.', 'state'),
  weir_stream_state: gauge('1 for the state that the stream is in, 0 for the others.', 'stream', 'state'),
  weir_stream_error: gauge('1 while the stream is not live, with the code of the reason.', 'stream', 'code'),
  weir_stream_warning: gauge('1 while the stream is live and this is not as it should be.', 'stream', 'code'),
  weir_stream_source_in_use: gauge(
    'Which of several sources is in use, or asked next: 0 is the preferred one.',
    'stream',
  ),
  weir_stream_received_bytes_total: counter('Bytes of RTP received from the source.', 'stream', 'track'),
  weir_stream_received_packets_total: counter('RTP packets received from the source.', 'stream', 'track'),
  weir_stream_lost_packets_total: counter('RTP packets that the source sent and that never came.', 'stream', 'track'),
  weir_stream_frames_total: counter('Frames received: pictures, or packets of sound.', 'stream', 'track'),
  weir_stream_faults_total: counter('Faults of the source that were tolerated, by name.', 'stream', 'track', 'fault'),
  weir_stream_source_faults_total: counter(
    "Faults of the source's protocol that were tolerated, by name.",
    'stream',
    'fault',
  ),
  weir_stream_readers: gauge('Readers now.', 'stream', 'protocol'),
  weir_stream_source_attempts_total: counter('Attempts to open the source.', 'stream'),
  weir_stream_gop_seconds: gauge('Measured distance of key frames.', 'stream'),
  weir_stream_memory_bytes: gauge("Bytes held in memory: whole GOPs and the timeline's head.", 'stream'),
  weir_stream_last_key_frame_timestamp_seconds: gauge('When the newest key frame was taken.', 'stream'),
  weir_stream_recorded_up_to_timestamp_seconds: gauge('End of the newest recorded fragment.', 'stream'),
  weir_storage_written_bytes_total: counter('Bytes written.', 'storage'),
  weir_storage_errors_total: counter('Operations that failed.', 'storage'),
  weir_storage_queued_bytes: gauge('Bytes that wait to be written.', 'storage'),
  weir_storage_oldest_operation_seconds: gauge(
    'For how long the oldest running operation has been running.',
    'storage',
  ),
  weir_rtsp_connections: gauge('RTSP connections that are open.'),
  weir_rtsp_closed_connections_total: counter(
    'RTSP connections closed because of what their peers did, by error code.',
    'reason',
  ),
  weir_rtsp_refused_connections_total: counter('RTSP connections that were closed as they came: there were too many.'),
  weir_rtsp_sessions: gauge(
    'RTSP sessions by kind (reader, publisher) and the way that their media goes.',
    'kind',
    'transport',
  ),
  weir_rtsp_sent_bytes_total: counter('Bytes of media handed over for RTSP readers; once for a group.', 'transport'),
  weir_rtsp_reader_overflows_total: counter("Times that an RTSP reader's queue passed its limit.", 'transport'),
  weir_rtsp_dropped_frames_total: counter('Frames kept from RTSP readers that did not keep up.', 'transport'),
  weir_rtsp_dropped_bytes_total: counter('Bytes of media kept from RTSP readers that did not keep up.', 'transport'),
  weir_rtsp_reported_lost_packets_total: counter('Packets that RTSP readers reported lost.', 'transport'),
  weir_rtsp_reader_loss_ratio: gauge('What RTSP readers reported lost last, 0 to 1: their mean.', 'transport'),
  weir_rtsp_reader_jitter_seconds: gauge('Jitter that RTSP readers reported last: their mean.', 'transport'),
  weir_rtsp_reader_round_trip_seconds: gauge('To RTSP readers and back, by their reports: the mean.', 'transport'),
  weir_rtsp_skipped_bytes_total: counter('Bytes between requests and frames of RTSP peers that are neither: skipped.'),
  weir_rtsp_stray_frames_total: counter('Frames of RTSP peers on channels that nobody set up.'),
  weir_rtsp_stray_datagrams_total: counter("Datagrams to the readers' UDP ports that are of no reader."),
  weir_rtsp_unsent_datagrams_total: counter(
    'Datagrams to RTSP readers that were dropped: the network did not take them.',
  ),
  weir_rtsp_multicast_groups: gauge('Multicast groups that are sent to.'),
  weir_rtsp_multicast_failed_datagrams_total: counter('Datagrams to multicast groups that the system did not take.'),
  weir_http_requests_total: counter(
    'HTTP requests answered, by area (media, api, page) and class of status.',
    'area',
    'status',
  ),
  weir_http_segment_bytes_in_flight: gauge('Bytes of segments held in memory on their way to clients.'),
  weir_http_segment_refusals_total: counter('Segments refused because too many bytes were on their way.'),
  weir_wrong_password_refusals_total: counter('Logins not looked at, after too many wrong passwords.'),
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;
type Labels<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>;

export interface MetricSink {
  /** The value of one series now: counters too are given as their whole sum. */
  set<Name extends MetricName>(name: Name, labels: Labels<Name>, value: number): void;
}

export type MetricReader = (sink: MetricSink) => void;

export class Metrics {
  readonly #registry = new Registry();
  readonly #readers: MetricReader[] = [];
  readonly #instruments = new Map<MetricName, Counter | Gauge>();
  readonly #sink: MetricSink = {
    set: (name, labels, value) => {
      const instrument = this.#instruments.get(name);
      if (instrument instanceof Counter) instrument.inc(labels, value);
      else instrument?.set(labels, value);
    },
  };

  constructor() {
    for (const [name, row] of Object.entries(METRICS)) {
      const options = { name, help: row.help, labelNames: [...row.labels], registers: [this.#registry] };
      this.#instruments.set(name as MetricName, row.type === 'counter' ? new Counter(options) : new Gauge(options));
    }
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds the process's own metrics (CPU, memory, event loop), by prom-client's names. Once a process: they cannot be taken away. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Called at each scrape. A metric has one reader. */
  addReader(reader: MetricReader): void {
    this.#readers.push(reader);
  }

  /** The text that Prometheus reads. */
  async text(): Promise<string> {
    for (const instrument of this.#instruments.values()) instrument.reset();
    for (const reader of this.#readers) reader(this.#sink);
    return await this.#registry.metrics();
  }
}

function counter<const Names extends readonly string[]>(help: string, ...labels: Names) {
  return { type: 'counter', help, labels } as const;
}

function gauge<const Names extends readonly string[]>(help: string, ...labels: Names) {
  return { type: 'gauge', help, labels } as const;
}
