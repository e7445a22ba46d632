/** A publisher over a bad network, and all that is to be seen of it behind weir. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pictureHashes } from './clips.ts';
import { FINE, type Weather } from './lossy-relay.ts';
import type { RunningWeir } from './running-weir.ts';
import { seededRandom } from './seeded-random.ts';
import { ShownPictures } from './shown-pictures.ts';
import { PICTURES_PER_GOP, PICTURES_PER_LOOP, UdpPublisher } from './udp-publisher.ts';

/** What `UdpPublisher` sends. */
const CLIP = fileURLToPath(new URL('../fixtures/streams/plain-h264.h264', import.meta.url));
const GOP_MS = PICTURES_PER_GOP * 40;

/**
 * Publishes `cam`, which weir records, under this weather for so many GOPs, with fine weather before and after. Counters are what was injected; GOPs
 * of which nothing was lost are shown whole, so the picture is back with the first after the loss; no still is of a damaged key frame.
 */
export async function publishThrough(
  context: TestContext,
  weir: RunningWeir,
  { weather, gops, seed }: { readonly weather: Weather; readonly gops: number; readonly seed: number },
): Promise<void> {
  const label = `WEIR_SEED=${seed}`;
  const publisher = await UdpPublisher.start(context, `${weir.rtsp}/cam`, seededRandom(seed));
  await weir.untilState('cam', 'live');
  const reader = new ShownPictures(context, `${weir.rtsp}/cam?start=key`);
  const clip = await pictureHashes(CLIP);
  assert.equal(new Set(clip).size, PICTURES_PER_LOOP, 'pictures are told apart');
  await weir.until(() => reader.count > 0, 'pictures at the reader');
  const from = publisher.setWeather(weather);
  await weir.until(() => publisher.pictures >= from + (gops - 1) * PICTURES_PER_GOP, 'the bad weather', gops * 1000);
  const fromUtcMs = Date.now() - (gops - 1) * GOP_MS;
  const calm = publisher.setWeather(FINE);
  const shown = await weir.until(
    () => {
      const numbers = new Set(reader.numbers(clip, publisher.pictures));
      return [...numbers].some((number) => number >= calm + PICTURES_PER_GOP - 1) && numbers;
    },
    'pictures after the bad weather',
    10_000,
  );
  const { injected } = publisher.relay;
  const { source, received } = await weir.streamStatus('cam');
  assert.equal(received.lost, injected.lost, label);
  const faults = injected.doubled === 0 ? {} : { doubledPackets: injected.doubled };
  assert.deepEqual(source.faults, faults, label);
  for (let gop = from; gop <= calm; gop += PICTURES_PER_GOP) {
    const numbers = Array.from({ length: PICTURES_PER_GOP }, (_, i) => gop + i);
    if (numbers.some((number) => publisher.damaged.has(number))) continue;
    const missing = numbers.filter((number) => !shown.has(number));
    assert.deepEqual(missing, [], `${label}: the GOP at ${gop}, ${gop - from} after it began`);
  }
  context.diagnostic(`${label}: ${JSON.stringify(injected)}, ${publisher.damaged.size} pictures damaged`);
  await stillsAreWhole(weir, fromUtcMs, gops, label);
}

async function stillsAreWhole(weir: RunningWeir, fromUtcMs: number, gops: number, label: string): Promise<void> {
  // The clip has two key frames: what is seen of them in fine weather, at moments of which none lies near the border of all GOPs.
  const fine = [0, 0.5, 1, 1.5, 2].map((after) => fromUtcMs + (gops + 1 + after) * GOP_MS);
  await weir.until(
    async () => Date.parse((await weir.streamStatus('cam')).recording.recordedUpTo ?? '') > Math.max(...fine),
    'the recording',
  );
  const still = async (utcMs: number): Promise<string> => {
    const response = await weir.fetch(`/cam/${(utcMs / 1000).toFixed(3)}.jpg`);
    assert.equal(response.status, 200, `${label}: still at ${utcMs}`);
    return createHash('md5')
      .update(new Uint8Array(await response.arrayBuffer()))
      .digest('hex');
  };
  const good = new Set<string>();
  for (const utcMs of fine) good.add(await still(utcMs));
  assert.equal(good.size, 2, `${label}: key frames in fine weather`);
  for (let gop = 0; gop < gops; gop++)
    assert.ok(good.has(await still(fromUtcMs + gop * GOP_MS)), `${label}: GOP ${gop}`);
}
