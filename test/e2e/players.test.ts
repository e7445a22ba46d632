/** Players that we did not write, on live HLS, on the archive and on a recorded file, all without a decode error. */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, globSync } from 'node:fs';
import path from 'node:path';
import { openPage, videoState } from '../harness/browser.ts';
import { makeClip } from '../harness/clips.ts';
import { publishClip } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { picturesByVlc } from '../harness/vlc.ts';

const CONFIG = 'streams: { cam: { source: test-pattern, record: true } }\n';
const PICTURES_PER_SECOND = 25;
const ARCHIVE_S = 6;
/** VLC's file writer keeps the last pictures to itself; that none is missing is five-jobs.test.ts's matter. */
const VLC_PICTURES_MIN = (ARCHIVE_S - 1) * PICTURES_PER_SECOND;

peerTest('VLC plays live HLS, the archive and a copied file', ['vlc', 'ffprobe'], async (context) => {
  const weir = await RunningWeir.start(context, CONFIG);
  const archive = await recorded(weir);
  const live = await picturesByVlc(context, `${weir.http}/cam/index.m3u8`, 8);
  assert.ok(live > 3 * PICTURES_PER_SECOND, `${live} live pictures`);
  const archived = await picturesByVlc(context, archive, 20);
  assert.ok(archived >= VLC_PICTURES_MIN, `${archived} pictures of the archive`);
  await weir.stop();
  const file = copyOfRecording(weir);
  const played = await picturesByVlc(context, file, 20);
  assert.ok(played >= VLC_PICTURES_MIN, `${played} pictures of the file`);
});

peerTest('sound that ends is silence: ffmpeg and hls.js play on', ['ffmpeg', 'chromium'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish, record: true } }\n');
  publishClip(context, await makeClip(context, { seconds: 20, audioSeconds: 2 }), `${weir.rtsp}/cam`);
  const archive = await recorded(weir);
  const packets = await mustRun('ffprobe', [
    '-v',
    'error',
    '-select_streams',
    'a',
    '-show_entries',
    'packet=pts_time',
    '-of',
    'csv=p=0',
    archive,
  ]);
  const times = packets.trim().split('\n').map(Number.parseFloat);
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) > ARCHIVE_S - 0.5, `sound from ${times[0]} to ${times.at(-1)}`);
  const fromS = Number(/archive-([\d.]+)-/.exec(archive)?.[1]);
  const page = await openPage(context, `${weir.http}/#/cam@${fromS}`);
  await weir.until(async () => (await videoState(page)).currentTime > 4, 'play beyond where the sound ends');
  const { error, problem } = await videoState(page);
  assert.deepEqual([error, problem], [null, null]);
});

peerTest('GStreamer and ffmpeg play live HLS and the archive', ['gstreamer', 'ffmpeg'], async (context) => {
  const weir = await RunningWeir.start(context, CONFIG);
  const archive = await recorded(weir);
  const sinks = ['video-sink=fakesink sync=false', 'audio-sink=fakesink sync=false'];
  await mustRun('gst-launch-1.0', ['-q', 'playbin', `uri=${archive}`, ...sinks], 30_000);
  for (const input of [archive, `${weir.http}/cam/index.m3u8`]) {
    const ended = await runProgram('ffmpeg', [
      '-v',
      'error',
      '-xerror',
      '-i',
      input,
      '-t',
      String(ARCHIVE_S),
      '-f',
      'null',
      '-',
    ]);
    assert.equal(`${ended.code} ${ended.stderr}`, '0 ', input);
  }
});

peerTest(
  'a file copied off the disk after kill -9 plays with its right length',
  ['ffprobe', 'ffmpeg'],
  async (context) => {
    const weir = await RunningWeir.start(context, CONFIG);
    await recorded(weir);
    await weir.kill();
    const before = copyOfRecording(weir);
    const ended = await runProgram('ffmpeg', ['-v', 'error', '-xerror', '-i', before, '-f', 'null', '-']);
    assert.equal(`${ended.code} ${ended.stderr}`, '0 ', 'the file as the kill left it');
    await weir.spawn();
    await weir.untilState('cam', 'live');
    const after = copyOfRecording(weir);
    const said = await mustRun('ffprobe', [
      '-v',
      'error',
      '-count_packets',
      '-select_streams',
      'v:0',
      '-show_entries',
      'format=duration:stream=nb_read_packets',
      '-of',
      'json',
      after,
    ]);
    const { format, streams } = JSON.parse(said) as {
      readonly format: { readonly duration: string };
      readonly streams: readonly { readonly nb_read_packets: string }[];
    };
    const pictureS = Number(streams[0]?.nb_read_packets) / PICTURES_PER_SECOND;
    // Decode times in a file begin up to a second after its base, while audio has not been heard of.
    assert.ok(
      Number(format.duration) >= pictureS - 0.05 && Number(format.duration) < pictureS + 1.2,
      `${format.duration} s for ${pictureS} s of pictures`,
    );
  },
);

/** Waits until enough is recorded; returns the archive list of it. */
async function recorded(weir: RunningWeir): Promise<string> {
  const openedMs = await weir.until(async () => {
    const [status] =
      await weir.json<
        readonly { readonly ranges: readonly { readonly opened_at: number; readonly closed_at: number }[] }[]
      >('/cam/recording_status.json');
    const range = status?.ranges[0];
    return range !== undefined && range.closed_at - range.opened_at > ARCHIVE_S * 1000 && range.opened_at;
  }, `${ARCHIVE_S} recorded seconds`);
  return `${weir.http}/cam/archive-${(openedMs / 1000).toFixed(3)}-${ARCHIVE_S}.m3u8`;
}

/** The oldest recording, copied to where every user may read it. */
function copyOfRecording(weir: RunningWeir): string {
  const [oldest] = globSync(path.join(weir.folder, 'data/recordings/cam/**/*.mp4')).sort();
  assert.ok(oldest !== undefined, 'no file was recorded');
  const copy = path.join(weir.folder, 'copy.mp4');
  copyFileSync(oldest, copy);
  chmodSync(copy, 0o644);
  chmodSync(weir.folder, 0o755);
  return copy;
}
