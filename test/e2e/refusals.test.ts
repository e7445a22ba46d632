/** What somebody sees who asks for the wrong thing: players and publishers name the reason, and fall back where they can. */
import assert from 'node:assert/strict';
import { makeClip } from '../harness/clips.ts';
import { publishClip } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

peerTest('ffmpeg and GStreamer say why they were refused', ['ffmpeg', 'ffprobe', 'gstreamer'], async (context) => {
  const clip = await makeClip(context, { seconds: 5, audio: false });
  const streams = `{ lobby: { source: test-pattern }, away: { source: 'rtsp://ann:hunter2@127.0.0.1:1/x' } }`;
  const weir = await RunningWeir.start(context, `streams: ${streams}\n`);
  await weir.untilState('lobby', 'live');
  await weir.until(async () => (await weir.streamStatus('away')).error !== undefined, 'the reason of the source');
  for (const [name, reason] of [
    ['nobody', '404 There is no such stream'],
    ['away', '503 The stream is not live'],
  ] as const) {
    const url = `${weir.rtsp}/${name}`;
    const probed = await runProgram('ffprobe', ['-v', 'verbose', '-rtsp_transport', 'tcp', url]);
    assert.match(probed.stderr, new RegExp(`DESCRIBE failed: ${reason}`));
    const { stderr, stdout } = await runProgram('gst-launch-1.0', ['rtspsrc', `location=${url}`, '!', 'fakesink']);
    const [status = '', ...words] = reason.split(' ');
    assert.match(stderr + stdout, new RegExp(`${words.join(' ')} \\(${status}\\)`));
    assert.doesNotMatch(probed.stderr + stderr, /hunter2|127\.0\.0\.1:1\b/);
  }
  const publisher = publishClip(context, clip, `${weir.rtsp}/lobby`);
  assert.notEqual(await publisher.exit(), 0);
  assert.match(publisher.stderr, /403 This name cannot be published/);
  // It begins with UDP, is refused, and asks for TCP on the same connection.
  assert.match(await mustRun('ffprobe', ['-v', 'error', '-show_streams', `${weir.rtsp}/lobby`]), /codec_name=h264/);
});
