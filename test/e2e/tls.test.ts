/** RTSP over TLS, between programs that we did not write. */
import path from 'node:path';
import { makeClip } from '../harness/clips.ts';
import { CountingReader, publishClip } from '../harness/ffmpeg.ts';
import { decodeWithGst } from '../harness/gst-reader.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const CERTIFICATES = path.resolve(import.meta.dirname, '../fixtures/tls');
const TLS = {
  env: {
    WEIR_RTSP_TLS_LISTEN: '127.0.0.1:0',
    WEIR_RTSP_TLS_CERT: path.join(CERTIFICATES, 'cert.pem'),
    WEIR_RTSP_TLS_KEY: path.join(CERTIFICATES, 'key.pem'),
  },
};
const SHOWN = 25;
const GST = 'tls-validation-flags=0 latency=200';

peerTest('ffmpeg publishes over TLS; ffmpeg and GStreamer read over TLS', ['ffmpeg', 'gstreamer'], async (context) => {
  const clip = await makeClip(context, { seconds: 30, audio: true });
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n', TLS);
  publishClip(context, clip, `${weir.rtsps}/cam`);
  await weir.untilState('cam', 'live');
  const reader = new CountingReader(context, `${weir.rtsps}/cam`);
  await Promise.all([
    weir.until(() => reader.pictures > SHOWN, 'pictures at ffmpeg'),
    decodeWithGst(context, `location=${weir.rtsps}/cam ${GST}`, SHOWN),
    // Through HTTP in TLS.
    decodeWithGst(context, `location=${weir.rtsps.replace('rtsps:', 'rtspsh:')}/cam ${GST}`, SHOWN),
  ]);
});

peerTest('GStreamer publishes over TLS', ['rtspclientsink', 'ffprobe'], async (context) => {
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n', TLS);
  const publisher = new Background(context, 'gst-launch-1.0', [
    ...'-q videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=25'.split(' '),
    ...`! rtspclientsink protocols=tcp tls-validation-flags=0 location=${weir.rtsps}/cam`.split(' '),
  ]);
  await weir.untilState('cam', 'live');
  await mustRun('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', `${weir.rtsps}/cam`]);
  await publisher.end('SIGINT');
});
