/** A publisher, or a camera, over a bad network, and all that is to be seen of it behind weir. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadVideo } from '../fixtures/streams/streams.ts';
import { pictureHashes } from './clips.ts';
import { LossyCamera } from './lossy-camera.ts';
import { FINE, type Weather } from './lossy-relay.ts';
import { recordedPictures, slicesHash } from './recorded-samples.ts';
import { PICTURE_MS, PICTURES_PER_GOP, PICTURES_PER_LOOP } from './picture-loop.ts';
import { RunningWeir } from './running-weir.ts';
import { seededRandom } from './seeded-random.ts';
import { ShownPictures } from './shown-pictures.ts';
import { UdpPublisher } from './udp-publisher.ts';
import type { WeatherPlan } from './weather-plan.ts';

/** The loop of pictures. */
const CLIP = fileURLToPath(new URL('../fixtures/streams/plain-h264.h264', import.meta.url));
const GOP_MS = PICTURES_PER_GOP * PICTURE_MS;

export interface BadWeather {
  readonly weather: Weather;
  readonly gops: number;
  readonly seed: number;
}

/** Publishes `cam` to weir, which records it, and looks at it as `watch` does. */
export async function publishThrough(context: TestContext, weir: RunningWeir, bad: BadWeather): Promise<void> {
  const { plan } = await UdpPublisher.start(context, `${weir.rtsp}/cam`, seededRandom(bad.seed));
  await watch(context, weir, 'cam', plan, bad);
}

/** Pulls `yard` from another weir, records it, and looks at it as `watch` does. */
export async function pullThrough(context: TestContext, bad: BadWeather): Promise<void> {
  const camera = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
  await UdpPublisher.start(context, `${camera.rtsp}/cam`, seededRandom(bad.seed));
  await camera.untilState('cam', 'live');
  const { url, plan } = await LossyCamera.start(context, `${camera.rtsp}/cam`, seededRandom(bad.seed));
  const yard = `yard: { source: '${url}', transport: udp, record: true }`;
  const weir = await RunningWeir.start(context, `streams: { ${yard} }\n`);
  await watch(context, weir, 'yard', plan, bad);
}

/**
 * Bad weather for so many GOPs, with fine weather before and after. Counters are what was injected; GOPs of which nothing was lost are shown whole, so
 * the picture is back with the first after the loss; no still is of a damaged key frame, and nothing damaged is recorded as good.
 */
async function watch(
  context: TestContext,
  weir: RunningWeir,
  name: string,
  plan: WeatherPlan,
  { weather, gops, seed }: BadWeather,
): Promise<void> {
  const label = `${name}, WEIR_SEED=${seed}`;
  await weir.untilState(name, 'live');
  const reader = new ShownPictures(context, `${weir.rtsp}/${name}?start=key`);
  const clip = await pictureHashes(CLIP);
  assert.equal(new Set(clip).size, PICTURES_PER_LOOP, 'pictures are told apart');
  await weir.until(() => reader.count > 0, 'pictures at the reader');
  const from = plan.set(weather);
  await weir.until(() => plan.pictures >= from + (gops - 1) * PICTURES_PER_GOP, 'the bad weather', gops * 1000);
  const fromUtcMs = Date.now() - (gops - 1) * GOP_MS;
  const calm = plan.set(FINE);
  const shown = await weir.until(
    () => {
      const numbers = new Set(reader.numbers(clip, plan.pictures));
      return [...numbers].some((number) => number >= calm + PICTURES_PER_GOP - 1) && numbers;
    },
    'pictures after the bad weather',
    10_000,
  );
  const { injected } = plan.relay;
  const { source, received } = await weir.streamStatus(name);
  assert.equal(received.lost, injected.lost, label);
  const faults = injected.doubled === 0 ? {} : { doubledPackets: injected.doubled };
  assert.deepEqual(source.faults, faults, label);
  let good = 0;
  for (let gop = from; gop <= calm; gop += PICTURES_PER_GOP) {
    const numbers = Array.from({ length: PICTURES_PER_GOP }, (_, i) => gop + i);
    const before = numbers.findIndex((number) => plan.damaged.has(number));
    good += before === -1 ? PICTURES_PER_GOP : before;
    if (before !== -1) continue;
    const missing = numbers.filter((number) => !shown.has(number));
    assert.deepEqual(missing, [], `${label}: the GOP at ${gop}, ${gop - from} after it began`);
  }
  context.diagnostic(`${label}: ${JSON.stringify(injected)}, ${plan.damaged.size} pictures damaged`);
  await stillsAreWhole(weir, name, fromUtcMs, gops, label);
  await recordingIsWhole(weir, good, label);
}

async function stillsAreWhole(
  weir: RunningWeir,
  name: string,
  fromUtcMs: number,
  gops: number,
  label: string,
): Promise<void> {
  // The clip has two key frames: what is seen of them in fine weather, at moments of which none lies near the border of all GOPs.
  const fine = [0, 0.5, 1, 1.5, 2].map((after) => fromUtcMs + (gops + 1 + after) * GOP_MS);
  await weir.until(
    async () => Date.parse((await weir.streamStatus(name)).recording.recordedUpTo ?? '') > Math.max(...fine),
    'the recording',
  );
  const still = async (utcMs: number): Promise<string> => {
    const response = await weir.fetch(`/${name}/${(utcMs / 1000).toFixed(3)}.jpg`);
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

/** What was recorded as good is what was sent, slice for slice, and is not less of it than what comes in each GOP before the first loss, `least`. Ends weir, so that all of it is on disk. */
async function recordingIsWhole(weir: RunningWeir, least: number, label: string): Promise<void> {
  await weir.stop();
  const recorded = globSync(path.join(weir.folder, 'data/recordings/**/*.mp4')).flatMap(recordedPictures);
  const good = recorded.filter(({ damaged }) => !damaged).map(({ hash }) => hash);
  const sent = new Set(loadVideo('plain-h264').map(({ nals }) => slicesHash(nals)));
  const unknown = [...new Set(good)].filter((hash) => !sent.has(hash));
  assert.deepEqual(unknown, [], `${label}: recorded as good`);
  assert.ok(good.length >= least, `${label}: ${good.length} pictures recorded, not ${least}`);
}
