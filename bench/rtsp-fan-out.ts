/**
 * One 1080p30 4 Mb/s stream to N readers on the loopback: µs of server CPU a reader and frame, and the slope over N, beside a floor in
 * the same run (a process of its own that writes prebuilt buffers of the same sizes, once a frame and socket, to the same readers at the same times).
 *
 *     node bench/rtsp-fan-out.ts [--readers 1,50,200] [--seconds 10] [--way tcp]
 *
 * Goal over TCP: slope ≤ 1.25 × the floor's. `--way udp`: datagrams, a system call each; the floor stays what TCP costs.
 */
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { MeasuredProcess, startWeir } from './support/measured-process.ts';
import { FULL_HD, SyntheticVideo } from './support/synthetic-video.ts';

const WARM_UP_MS = 2_000;
const GOAL = 1.25;

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '1,50,200' },
    seconds: { type: 'string', default: '10' },
    way: { type: 'string', default: 'tcp' },
  },
});
const counts = values.readers.split(',').map(Number);
const seconds = Number(values.seconds);

interface Row {
  readonly readers: number;
  /** CPU of the server a second, in microseconds. */
  readonly cpuUsPerSecond: number;
  readonly framesPerReader: number;
}

const weirRows: Row[] = [];
const floorRows: Row[] = [];
for (const readers of counts) {
  floorRows.push(await withFloor(readers));
  weirRows.push(await withWeir(readers));
}
report();

async function withWeir(readers: number): Promise<Row> {
  const weir = await startWeir('streams: { "bench": { source: publish } }\n');
  const url = `${weir.rtsp}/bench`;
  const publisher = MeasuredProcess.start('publisher.ts', url);
  await publisher.said();
  const row = await measure(weir.process, readers, values.way === 'udp' ? 'udp' : 'rtsp', url);
  await publisher.end();
  await weir.end();
  return row;
}

async function withFloor(readers: number): Promise<Row> {
  const floor = MeasuredProcess.start('floor-server.ts');
  const port = Number(await floor.said());
  const row = await measure(floor, readers, 'raw', `tcp://127.0.0.1:${port}`);
  await floor.end();
  return row;
}

async function measure(server: MeasuredProcess, readers: number, kind: string, url: string): Promise<Row> {
  const crowd = MeasuredProcess.start('readers.ts', kind, String(readers), url);
  await crowd.said();
  await pause(WARM_UP_MS);
  const [cpuBefore, bytesBefore, from] = [server.cpuUs(), await crowd.ask(), performance.now()];
  await pause(seconds * 1000);
  const [cpu, bytes, wall] = [
    server.cpuUs() - cpuBefore,
    (await crowd.ask()) - bytesBefore,
    (performance.now() - from) / 1000,
  ];
  await crowd.end();
  const lengths = new SyntheticVideo(FULL_HD).frameLengths;
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  return { readers, cpuUsPerSecond: cpu / wall, framesPerReader: bytes / readers / meanLength / wall };
}

function report(): void {
  console.log('readers   weir µs/reader/frame   floor µs/reader/frame   frames/s a reader (weir, floor)');
  counts.forEach((readers, index) => {
    const [weir, floor] = [weirRows[index], floorRows[index]];
    if (weir === undefined || floor === undefined) return;
    const figures = [perFrame(weir).toFixed(1).padStart(20), perFrame(floor).toFixed(1).padStart(23)];
    console.log(
      `${String(readers).padStart(7)} ${figures.join(' ')}   ${weir.framesPerReader.toFixed(1).padStart(20)}, ${floor.framesPerReader.toFixed(1)}`,
    );
  });
  const [weirSlope, floorSlope] = [slope(weirRows), slope(floorRows)];
  console.log(`slope, µs a further reader and frame: weir ${weirSlope.toFixed(2)}, floor ${floorSlope.toFixed(2)}`);
  console.log(`ratio ${(weirSlope / floorSlope).toFixed(2)} (goal ≤ ${GOAL})`);
}

/** Microseconds of server CPU a reader and frame. */
function perFrame(row: Row): number {
  return row.cpuUsPerSecond / row.readers / FULL_HD.framesPerSecond;
}

/** Microseconds of server CPU that one more reader costs a frame: least squares. */
function slope(rows: readonly Row[]): number {
  const points = rows.map((row) => [row.readers, row.cpuUsPerSecond / FULL_HD.framesPerSecond] as const);
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
