/**
 * N pulled 720p15 1 Mb/s cameras: CPU a camera (milliseconds a second) and memory a camera, plain, recording, and recording with HLS read.
 *
 *     node bench/pull-record.ts [--cameras 100] [--seconds 20]
 *
 * Goals at 100: 1.0, 2.0 and 2.5 ms of CPU a second and camera, 1 MiB a camera beside the GOPs and the head kept (which the API tells).
 */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MeasuredProcess, startWeir } from './support/measured-process.ts';

const { values } = parseArgs({
  options: { cameras: { type: 'string', default: '100' }, seconds: { type: 'string', default: '20' } },
});
const cameras = Number(values.cameras);
const seconds = Number(values.seconds);
/** Long enough for the anchor, two GOPs and the first files. */
const WARM_UP_MS = 10_000;
const UP_MS = 60_000;

interface StreamsAnswer {
  readonly streams: readonly { readonly status: { readonly state: string; readonly memoryBytes: number } }[];
}

interface Mode {
  readonly name: string;
  readonly record: boolean;
  readonly viewed: boolean;
  readonly goalMs: number;
}

const MODES: readonly Mode[] = [
  { name: 'plain', record: false, viewed: false, goalMs: 1 },
  { name: 'recording', record: true, viewed: false, goalMs: 2 },
  { name: 'recording, HLS read', record: true, viewed: true, goalMs: 2.5 },
];

const empty = await startWeir('streams: {}\n');
await pause(2_000);
const emptyRss = empty.process.rssBytes();
await empty.end();

console.log(`${cameras} cameras, 720p15, 1 Mb/s; weir without streams: ${mib(emptyRss)} MiB`);
console.log(
  'mode                   ms CPU a second and camera (goal)   MiB a camera   of it GOPs and heads   the rest (goal 1)',
);
for (const mode of MODES) await measure(mode);

async function measure(mode: Mode): Promise<void> {
  const source = MeasuredProcess.start('cameras.ts');
  const port = Number(await source.said());
  const names = Array.from({ length: cameras }, (_, index) => `camera${index}`);
  const streams = names.map(
    (name) => `  ${name}: { source: 'rtsp://127.0.0.1:${port}/${name}', record: ${mode.record} }\n`,
  );
  const weir = await startWeir(`access: open\nstreams:\n${streams.join('')}`);
  await untilLive(weir.http);
  const viewers = mode.viewed
    ? MeasuredProcess.start('hls-viewers.ts', ...names.map((name) => `${weir.http}/${name}/index.m3u8`))
    : undefined;
  await viewers?.said();
  await pause(WARM_UP_MS);
  const [cpuBefore, from] = [weir.process.cpuUs(), performance.now()];
  await pause(seconds * 1000);
  const msPerSecond = (weir.process.cpuUs() - cpuBefore) / (performance.now() - from) / cameras;
  const perCamera = (weir.process.rssBytes() - emptyRss) / cameras;
  const { streams: reports } = await ask(weir.http);
  const kept = reports.reduce((sum, { status }) => sum + status.memoryBytes, 0) / cameras;
  console.log(
    `${mode.name.padEnd(22)} ${msPerSecond.toFixed(2).padStart(26)} (${mode.goalMs.toFixed(1)}) ${mib(perCamera).padStart(15)} ${mib(kept).padStart(22)} ${mib(perCamera - kept).padStart(19)}`,
  );
  await viewers?.end();
  await weir.end();
  await source.end();
}

async function untilLive(http: string): Promise<void> {
  const end = performance.now() + UP_MS;
  for (;;) {
    const { streams } = await ask(http);
    if (streams.filter(({ status }) => status.state === 'live').length === cameras) return;
    assert.ok(performance.now() < end, 'not all cameras came up');
    await pause(200);
  }
}

async function ask(http: string): Promise<StreamsAnswer> {
  return (await (await fetch(`${http}/api/v1/streams`)).json()) as StreamsAnswer;
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2);
}
