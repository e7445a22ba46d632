/**
 * Many readers of one stream, and many pulled cameras, on one weir: what got lost, how late its event loop was, what it took. Each kind of peer is one
 * light process. Everything goes over the loopback.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Counted } from './counting-readers.ts';
import { MeasuredProcess, machineCpuUs, startWeir } from './measured-process.ts';

export interface LoadShape {
  readonly readers: number;
  readonly sources: number;
  readonly seconds: number;
}

export interface LoadReport {
  readonly readers: Counted;
  /** Of the cameras, as weir counts them. */
  readonly sources: {
    readonly live: number;
    readonly lost: number;
    readonly attempts: number;
    readonly packets: number;
  };
  /** How late weir's media thread was, over the measured time. */
  readonly lagMs: Readonly<Record<'mean' | 'p50' | 'p99' | 'max', number>>;
  /** Of one core, 0 to 1 and more. */
  readonly cpu: Readonly<Record<'weir' | 'readers' | 'cameras' | 'publisher' | 'others', number>>;
  readonly rssBytes: number;
}

const UP_MS = 60_000;
const WARM_UP_MS = 2_000;
const POLL_MS = 200;
/** prom-client looks at the event loop that often. */
const LOOK_MS = 10;

export async function runLoad({ readers, sources, seconds }: LoadShape): Promise<LoadReport> {
  await using stack = new AsyncDisposableStack();
  const start = (script: string, ...words: readonly string[]): MeasuredProcess => {
    const child = MeasuredProcess.start(script, ...words);
    stack.defer(() => child.end());
    return child;
  };
  const cameras = start('cameras.ts');
  const port = Number(await cameras.said());
  const names = Array.from({ length: sources }, (_, index) => `camera${index}`);
  const pulled = names.map((name) => `  ${name}: { source: 'rtsp://127.0.0.1:${port}/${name}', transport: tcp }\n`);
  const weir = await startWeir(`access: open\nstreams:\n  fan: { source: publish }\n${pulled.join('')}`);
  stack.defer(() => weir.end());
  const publisher = start('publisher.ts', `${weir.rtsp}/fan`);
  await publisher.said();
  await untilLive(weir.http, sources + 1);
  const crowd = start('counting-readers.ts', String(readers), `${weir.rtsp}/fan`);
  await crowd.said();
  await pause(WARM_UP_MS);

  const measured = { weir: weir.process, readers: crowd, cameras, publisher };
  await lagSinceLast(weir.http);
  const before = await counted(crowd);
  const cpu = cpuMeter(measured);
  await pause(seconds * 1000);
  const shares = cpu();
  const lagMs = await lagSinceLast(weir.http);
  const after = await counted(crowd);
  const reports = (await streamsOf(weir.http)).filter(({ name }) => name !== 'fan').map(({ status }) => status);
  const sum = (of: (report: StreamAnswer['status']) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    readers: { ...after, packets: after.packets - before.packets },
    sources: {
      live: sum(({ state }) => (state === 'live' ? 1 : 0)),
      lost: sum(({ received }) => received.lost),
      attempts: sum(({ source }) => source.attempts),
      packets: sum(({ received }) => received.packets),
    },
    lagMs,
    cpu: shares,
    rssBytes: weir.process.rssBytes(),
  };
}

interface StreamAnswer {
  readonly name: string;
  readonly status: {
    readonly state: string;
    readonly received: { readonly packets: number; readonly lost: number };
    readonly source: { readonly attempts: number };
  };
}

async function untilLive(http: string, count: number): Promise<void> {
  const end = performance.now() + UP_MS;
  while ((await streamsOf(http)).filter(({ status }) => status.state === 'live').length < count) {
    assert.ok(performance.now() < end, 'not all streams came up');
    await pause(POLL_MS);
  }
}

async function streamsOf(http: string): Promise<readonly StreamAnswer[]> {
  const { streams } = (await (await fetch(`${http}/api/v1/streams`)).json()) as { readonly streams: StreamAnswer[] };
  return streams;
}

async function counted(crowd: MeasuredProcess): Promise<Counted> {
  crowd.child.send('count');
  const [answer] = (await once(crowd.child, 'message')) as [Counted];
  return answer;
}

/** Each look at /metrics begins the measurement anew. What it holds are the distances of a timer's turns: its interval is no lateness. */
async function lagSinceLast(http: string): Promise<LoadReport['lagMs']> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const lag = (name: string): number =>
    Math.max(
      0,
      Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1]) * 1000 - LOOK_MS,
    );
  return { mean: lag('mean'), p50: lag('p50'), p99: lag('p99'), max: lag('max') };
}

/** Begins to measure; gives the shares of one core since then, and what everything else on the machine took. */
function cpuMeter<Name extends string>(
  processes: Readonly<Record<Name, MeasuredProcess>>,
): () => Record<Name | 'others', number> {
  const entries = Object.entries<MeasuredProcess>(processes);
  const from = performance.now();
  const before = entries.map(([, each]) => each.cpuUs());
  const allBefore = machineCpuUs();
  return () => {
    const wallUs = (performance.now() - from) * 1000;
    const shares = entries.map(([name, each], i) => [name, (each.cpuUs() - (before[i] ?? 0)) / wallUs] as const);
    const ours = shares.reduce((sum, [, share]) => sum + share, 0);
    const others = (machineCpuUs() - allBefore) / wallUs - ours;
    return { ...Object.fromEntries(shares), others } as Record<Name | 'others', number>;
  };
}
