/** ffmpeg and GStreamer publish; a second publisher takes over or is refused, as configured; who reads stays. */
import assert from 'node:assert/strict';
import { makeClip } from '../harness/clips.ts';
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
