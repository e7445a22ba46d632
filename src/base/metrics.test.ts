import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS, Metrics } from './metrics.ts';

test('values are read when somebody asks, counters as their sums', async () => {
  const metrics = new Metrics();
  let bytes = 10;
  let streams: readonly string[] = ['a', 'b"c'];
  metrics.addReader((sink) => {
    for (const stream of streams) sink.set('weir_stream_received_bytes_total', { stream, track: '0' }, bytes);
    sink.set('weir_streams', { state: 'live' }, streams.length);
  });
  assert.match(await metrics.text(), /^weir_stream_received_bytes_total\{stream="b\\"c",track="0"\} 10$/m);
  bytes = 25;
  streams = ['a'];
  const text = await metrics.text();
  assert.match(text, /^# TYPE weir_stream_received_bytes_total counter$/m);
  assert.match(text, /^weir_stream_received_bytes_total\{stream="a",track="0"\} 25$/m);
  assert.match(text, /^weir_streams\{state="live"\} 1$/m);
  assert.ok(!text.includes('b\\"c'), 'a stream that is gone leaves no series');
});

test('names follow the rules of Prometheus', () => {
  for (const [name, row] of Object.entries(METRICS)) {
    assert.match(name, /^weir_[a-z_]+$/);
    assert.equal(name.endsWith('_total'), row.type === 'counter', name);
    assert.match(row.help, /\.$/, name);
  }
});
