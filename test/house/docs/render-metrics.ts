import { METRICS } from '../../../src/base/metrics.ts';
import { GENERATED, code, table } from './markdown.ts';

export function renderMetrics(): string {
  const rows = Object.entries(METRICS).map(([name, row]) => [
    code(name),
    row.type,
    row.labels.map(code).join(' '),
    row.help,
  ]);
  return `${GENERATED}

# Metrics

\`GET /metrics\` answers in the text format of Prometheus. Where \`access\` names users, it takes one who may \`manage\` and whose rights
are not bound to streams. Parts of weir keep plain numbers, which are copied when somebody scrapes: scraping costs, counting does not.

${table(['metric', 'type', 'labels', 'what it is'], rows)}

Beside these stand the process's own, by the names that Prometheus clients share: \`process_cpu_seconds_total\`,
\`process_resident_memory_bytes\`, \`process_open_fds\`, \`nodejs_eventloop_lag_p99_seconds\`, \`nodejs_gc_duration_seconds\` and alike.

Worth an alarm: \`weir_stream_state{state="down"} > 0\`, and \`weir_stream_error\` says why; a
\`weir_stream_recorded_up_to_timestamp_seconds\` that falls behind the clock;
\`rate(weir_stream_lost_packets_total[5m])\` that stays above zero.
`;
}
