/** ffmpeg and GStreamer publish; a second publisher takes over or is refused, as configured; who reads stays. */
import assert from 'node:assert/strict';
import { audioHashes, makeClip, pictureHashes } from '../harness/clips.ts';
import { CountingReader, publishClip } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

peerTest('GStreamer publishes, ffprobe reads', ['rtspclientsink', 'ffprobe'], async (context) => {
  const weir = await RunningWeir.start(context, `streams: { 'drone/*': { source: publish } }\n`);
  const publisher = new Background(context, 'gst-launch-1.0', [
    ...'videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1 ! x264enc tune=zerolatency key-int-max=25 ! rtspclientsink protocols=tcp'.split(
      ' ',
    ),
    `location=${weir.rtsp}/drone/1`,
  ]);
  await weir.until(async () => (await weir.fetch('/api/v1/streams/drone%2F1')).ok, 'the stream to appear');
  await weir.untilState('drone/1', 'live');
  const said = await mustRun('ffprobe', [
    '-v',
    'error',
    '-rtsp_transport',
    'tcp',
    '-show_entries',
    'stream=codec_name,width',
    '-of',
    'csv=p=0',
    `${weir.rtsp}/drone/1`,
  ]);
  assert.equal(said.trim(), 'h264,640');
  await publisher.end('SIGINT');
  await weir.untilState('drone/1', 'down');
  assert.equal((await weir.streamStatus('drone/1')).error?.code, 'publisher-gone');
});

peerTest('a second publisher takes over, and the reader stays', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 60 });
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
  const first = publishClip(context, clip, `${weir.rtsp}/cam`);
  await weir.untilState('cam', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/cam`);
  await weir.until(() => reader.pictures > 25, 'pictures at the reader');
  const second = publishClip(context, clip, `${weir.rtsp}/cam`);
  await first.exit();
  const before = reader.pictures;
  await weir.until(() => reader.pictures > before + 200, 'pictures of the second publisher at the same reader');
  assert.ok(reader.running && second.running);
  // Behind the burst, over the takeover and the sender reports that follow it, no picture is earlier than the one before.
  const times = reader.times.slice(25);
  const back = times.filter((time, i) => i > 0 && time - (times[i - 1] ?? 0) < 10 * 90);
  assert.deepEqual(back, []);
});

interface RecordingStatus {
  /** Milliseconds UTC. */
  readonly ranges: readonly { readonly opened_at: number; readonly closed_at: number }[];
  readonly gaps: readonly { readonly opened_at: number; readonly reason: string }[];
}

peerTest('all of a publisher that takes over, and of a clip of a second, is recorded', ['ffmpeg'], async (context) => {
  const [long, short] = [await makeClip(context, { seconds: 60 }), await makeClip(context, { seconds: 4 })];
  const weir = await RunningWeir.start(
    context,
    'streams: { cam: { source: publish, record: true }, event: { source: publish, record: true } }\n',
  );
  const first = publishClip(context, long, `${weir.rtsp}/cam`);
  await weir.untilState('cam', 'live');
  await weir.until(async () => (await recordedMs(weir, 'cam')) > 2000, 'two recorded seconds');
  const second = publishClip(context, short, `${weir.rtsp}/cam`);
  const event = publishClip(context, await makeClip(context, { seconds: 1 }), `${weir.rtsp}/event`);
  await first.exit();
  assert.equal(await second.exit(), 0, second.stderr);
  await weir.untilState('cam', 'down');
  await weir.until(async () => (await recordedMs(weir, 'event')) > 900, 'the recorded second');
  const fromS = Math.floor(((await recording(weir, 'cam')).ranges[0]?.opened_at ?? 0) / 1000);
  const { ranges, gaps } = await recording(weir, 'cam');
  const endMs = ranges.at(-1)?.closed_at ?? 0;
  assert.deepEqual(
    gaps.filter((gap) => gap.opened_at > fromS * 1000 + 1000 && gap.opened_at < endMs - 1000),
    [],
  );
  const sent = await pictureHashes(short);
  const url = `${weir.http}/cam/archive-${fromS}-60.m3u8`;
  const pictures = await weir.until(async () => {
    const all = await pictureHashes(url);
    return all.at(-1) === sent.at(-1) && all;
  }, 'the last picture in the archive');
  assert.deepEqual(pictures.slice(-sent.length), sent);
  // Sound that begins with or behind the last picture's end is of no picture.
  const [heard, kept] = [(await audioHashes(short)).slice(1, -1), await audioHashes(url)];
  const from = kept.lastIndexOf(heard[0] ?? '');
  assert.deepEqual(kept.slice(from, from + heard.length), heard);
  assert.equal(event.stderr, '');
});

async function recording(weir: RunningWeir, stream: string): Promise<RecordingStatus> {
  const [status] = await weir.json<readonly RecordingStatus[]>(`/${stream}/recording_status.json`);
  return status ?? assert.fail(`no recordings of ${stream}`);
}

async function recordedMs(weir: RunningWeir, stream: string): Promise<number> {
  const response = await weir.fetch(`/${stream}/recording_status.json`);
  if (!response.ok) return 0;
  const { ranges } = await recording(weir, stream);
  return ranges.reduce((sum, range) => sum + range.closed_at - range.opened_at, 0);
}

peerTest('a second publisher is refused where takeover is off', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 30, audio: false });
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish, takeover: false } }\n');
  const first = publishClip(context, clip, `${weir.rtsp}/cam`);
  await weir.untilState('cam', 'live');
  const second = publishClip(context, clip, `${weir.rtsp}/cam`);
  assert.notEqual(await second.exit(), 0);
  assert.match(second.stderr, /453/);
  assert.ok(first.running);
  assert.equal((await weir.streamStatus('cam')).state, 'live');
});

peerTest('a name that nobody may publish is refused', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 5, audio: false });
  const weir = await RunningWeir.start(context, `streams: { 'drone/*': { source: publish } }\n`);
  const publisher = publishClip(context, clip, `${weir.rtsp}/elsewhere`);
  assert.notEqual(await publisher.exit(), 0);
  assert.match(publisher.stderr, /40[34]/);
});
