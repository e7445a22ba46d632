/** A camera loses its power for ten seconds: who reads goes on, what is missing is accounted for. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { GstCamera } from '../harness/gst-camera.ts';
import { peerTest } from '../harness/peers.ts';
import { CountingReader } from '../harness/ffmpeg.ts';
import { RunningWeir } from '../harness/running-weir.ts';

/** The length of the outage is what is tested, not a wait for something. */
const OUTAGE_MS = 10_000;
/** From when the camera answers again. */
const BACK_MS = 5000;

interface Recordings {
  readonly spans: readonly { readonly from: string; readonly to: string }[];
  readonly gaps: readonly { readonly from: string; readonly to: string | null; readonly reason: string }[];
}

peerTest(
  'the same reader goes on over an outage; HLS shows a discontinuity, the recordings a gap with its reason',
  ['gst-rtsp-server', 'ffmpeg'],
  async (context) => {
    const camera = await GstCamera.start(context, { codec: 'h264' });
    const weir = await RunningWeir.start(context, `streams: { cam: { source: '${camera.url()}', record: true } }\n`);
    await weir.untilState('cam', 'live');
    const reader = new CountingReader(context, `${weir.rtsp}/cam`);
    await weir.until(() => reader.pictures > 25, 'pictures at the reader');
    const mediaList = await weir.until(() => mediaListOf(weir), 'a media list');

    await camera.powerOff();
    await weir.until(async () => (await weir.streamStatus('cam')).state !== 'live', 'the loss to be noticed');
    const before = reader.pictures;
    await pause(OUTAGE_MS);
    await GstCamera.start(context, { codec: 'h264' }, camera.port);
    await weir.untilState('cam', 'live', BACK_MS);
    await weir.until(() => reader.pictures > before + 200, 'pictures after the outage, at the same reader');
    assert.ok(reader.running);
    assertTimesGoOn(reader.times.slice(25));

    const list = await weir.until(async () => {
      const text = await (await weir.fetch(mediaList)).text();
      return text.includes('#EXT-X-DISCONTINUITY\n') && text;
    }, 'the discontinuity in the same media list');
    assert.match(list, /#EXT-X-DISCONTINUITY-SEQUENCE:\d+/);

    const recordings = await weir.until(async () => {
      const found = await weir.json<Recordings>(
        `/api/v1/recordings?stream=cam&from=${Date.now() / 1000 - 3600}&to=${Date.now() / 1000 + 10}`,
      );
      return found.spans.length === 2 && found;
    }, 'two spans');
    const gap = recordings.gaps.find(
      (each) => each.to !== null && Date.parse(each.to) - Date.parse(each.from) > OUTAGE_MS - 2_000,
    );
    assert.ok(gap !== undefined, `no gap of the outage in ${JSON.stringify(recordings)}`);
    assert.match(gap.reason, /^(source-offline|network)$/);
  },
);

/** Over the outage, and over the sender reports behind it: a picture every 40 ms or so, one gap. Times in 1/90000 s. */
function assertTimesGoOn(times: readonly number[]): void {
  const stepsMs = times.slice(1).map((time, i) => (time - (times[i] ?? 0)) / 90);
  const gaps = stepsMs.filter((step) => step > 1000);
  assert.equal(gaps.length, 1, gaps.join(' '));
  assert.ok((gaps[0] ?? 0) > OUTAGE_MS - 1000 && (gaps[0] ?? 0) < OUTAGE_MS + 30_000, `${gaps[0]}`);
  const odd = stepsMs.filter((step) => step < 10 || (step > 100 && step < 1000));
  assert.deepEqual(odd, []);
}

async function mediaListOf(weir: RunningWeir): Promise<string | undefined> {
  const response = await weir.fetch('/cam/index.m3u8');
  if (!response.ok) return undefined;
  const uri = (await response.text()).split('\n').find((line) => line !== '' && !line.startsWith('#'));
  return uri === undefined ? undefined : `/cam/${uri}`;
}
