/**
 * 500 readers of one stream (1080p30, 4 Mb/s) and 100 pulled cameras (720p15, 1 Mb/s) for a minute, over TCP on the loopback.
 *
 *     node bench/load.ts [--readers 500] [--sources 100] [--seconds 60]
 *
 * Goals: nothing lost, and an event loop that is less than 20 ms late 99 times of 100. Ends with 1 if something was lost.
 */
import { parseArgs } from 'node:util';
import { runLoad } from './support/load.ts';

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '500' },
    sources: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
  },
});
const shape = { readers: Number(values.readers), sources: Number(values.sources), seconds: Number(values.seconds) };

const { readers, sources, lagMs, cpu, rssBytes } = await runLoad(shape);
const share = (of: number): string => `${(100 * of).toFixed(0)} %`;
console.log(`${shape.readers} readers of one stream, ${shape.sources} cameras, ${shape.seconds} s`);
console.log(
  `readers: ${readers.packets} packets, ${readers.lost} lost, ${readers.gone} gone, ${readers.strays} bytes out of step`,
);
console.log(
  `cameras: ${sources.live} live, ${sources.packets} packets, ${sources.lost} lost, ${sources.attempts - shape.sources} attempts more than one each`,
);
console.log(
  `event loop: p50 ${lagMs.p50.toFixed(1)}, p99 ${lagMs.p99.toFixed(1)} (goal 20), mean ${lagMs.mean.toFixed(1)}, worst ${lagMs.max.toFixed(1)} ms`,
);
console.log(
  `CPU of one core: weir ${share(cpu.weir)}; readers ${share(cpu.readers)}, cameras ${share(cpu.cameras)}, publisher ${share(cpu.publisher)}; everything else on the machine ${share(cpu.others)}`,
);
console.log(`memory of weir: ${(rssBytes / 2 ** 20).toFixed(0)} MiB`);
process.exitCode = readers.lost + readers.gone + readers.strays + sources.lost === 0 ? 0 : 1;
