/** A publisher and a pulled camera over UDP whose datagrams are lost, doubled and sent out of order. */
import { publishThrough, pullThrough } from '../harness/bad-network.ts';
import { peerTest } from '../harness/peers.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { unitSeed } from '../harness/seeded-random.ts';

peerTest(
  'a bad network: counted, flagged, and the picture back with the next whole GOP',
  ['ffmpeg'],
  async (context) => {
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish, record: true } }\n');
    const bad = { weather: { lost: 0.02, doubled: 0.03, reordered: 0.05 }, gops: 5, seed: unitSeed() };
    await Promise.all([publishThrough(context, weir, bad), pullThrough(context, bad)]);
  },
);
