/** A publisher and a pulled camera over UDP in several kinds of bad weather, for half a minute each; the seed is new each time, and printed. */
import { publishThrough, pullThrough } from '../harness/bad-network.ts';
import type { Weather } from '../harness/lossy-relay.ts';
import { peerTest } from '../harness/peers.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { newSeed } from '../harness/seeded-random.ts';

const WEATHERS: readonly Weather[] = [
  { lost: 0.001, doubled: 0, reordered: 0.001 },
  { lost: 0.01, doubled: 0.01, reordered: 0.01 },
  { lost: 0.05, doubled: 0.05, reordered: 0.05 },
];
const GOPS = 50;

for (const weather of WEATHERS) {
  peerTest(`a bad network: ${JSON.stringify(weather)}`, ['ffmpeg'], async (context) => {
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish, record: true } }\n');
    const bad = { weather, gops: GOPS, seed: newSeed() };
    await Promise.all([publishThrough(context, weir, bad), pullThrough(context, bad)]);
  });
}
