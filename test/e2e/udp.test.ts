/** RTSP with media in datagrams, between programs that we did not write. */
import assert from 'node:assert/strict';
import { makeClip } from '../harness/clips.ts';
import { decodeWithGst } from '../harness/gst-reader.ts';
import { peerTest } from '../harness/peers.ts';
import { Background, mustRun, runProgram } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const PICTURES = 50;

peerTest('ffmpeg publishes over UDP; ffmpeg and GStreamer read over UDP', ['ffmpeg', 'gstreamer'], async (context) => {
  const clip = await makeClip(context, { seconds: 30, audio: true });
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
  const publisher = new Background(context, 'ffmpeg', [
    ...'-v error -re -i'.split(' '),
    clip,
    ...'-c copy -f rtsp -rtsp_transport udp'.split(' '),
    `${weir.rtsp}/cam`,
  ]);
  await weir.untilState('cam', 'live');
  const [byFfmpeg] = await Promise.all([
    runProgram('ffmpeg', [
      ...'-v error -xerror -rtsp_transport udp -i'.split(' '),
      `${weir.rtsp}/cam?start=gop`,
      ...`-frames:v ${PICTURES} -f null -`.split(' '),
    ]),
    decodeWithGst(context, `protocols=udp location=${weir.rtsp}/cam latency=200`, PICTURES),
  ]);
  assert.equal(`${byFfmpeg.code} ${byFfmpeg.stderr}`, '0 ');
  const { received, source } = await weir.streamStatus('cam');
  assert.deepEqual([received.lost, source.faults], [0, {}]);
  await publisher.end('SIGINT');
  await weir.untilState('cam', 'down');
});

peerTest(
  'GStreamer publishes over UDP, from ports that it does not name',
  ['rtspclientsink', 'ffprobe'],
  async (context) => {
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
    const publisher = new Background(context, 'gst-launch-1.0', [
      ...'videotestsrc is-live=true ! video/x-raw,width=640,height=360,framerate=25/1'.split(' '),
      ...'! x264enc tune=zerolatency key-int-max=25 ! rtspclientsink protocols=udp'.split(' '),
      `location=${weir.rtsp}/cam`,
    ]);
    await weir.untilState('cam', 'live');
    const said = await mustRun('ffprobe', [
      ...'-v error -rtsp_transport udp -show_entries stream=codec_name,width -of csv=p=0'.split(' '),
      `${weir.rtsp}/cam`,
    ]);
    assert.equal(said.trim(), 'h264,640');
    await publisher.end('SIGINT');
  },
);

peerTest(
  'GStreamer reads a group; so do two at once, and nothing is sent when they are gone',
  ['gstreamer'],
  async (context) => {
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: test-pattern } }\n', { env: OWN_GROUP });
    await weir.untilState('cam', 'live');
    const source = `protocols=udp-mcast multicast-iface=lo location=${weir.rtsp}/cam latency=200`;
    await Promise.all([1, 2].map(() => decodeWithGst(context, source, PICTURES)));
  },
);

peerTest(
  'the API lists who reads and who publishes, and how; a reader that it ends is gone',
  ['ffmpeg'],
  async (context) => {
    const clip = await makeClip(context, { seconds: 30, audio: false });
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
    const publish = ['-v', 'error', '-re', '-i', clip, '-c', 'copy', '-f', 'rtsp', '-rtsp_transport', 'udp'];
    const publisher = new Background(context, 'ffmpeg', [...publish, `${weir.rtsp}/cam`]);
    await weir.untilState('cam', 'live');
    const read = (way: string): Background =>
      new Background(context, 'ffmpeg', [
        ...`-v error -rtsp_transport ${way} -i ${weir.rtsp}/cam?start=key`.split(' '),
        ...'-c copy -f null -'.split(' '),
      ]);
    const [byUdp, byTcp] = [read('udp'), read('tcp')];
    const reader = await weir.until(async () => {
      const { sessions } = await weir.json<{ readonly sessions: readonly Session[] }>('/api/v1/sessions');
      const all = has(sessions, 'publisher', 'udp') && has(sessions, 'reader', 'tcp');
      const udp = has(sessions, 'reader', 'udp');
      return all !== undefined && udp?.reported?.roundTripSeconds != null && udp;
    }, 'all three, and a report of the reader over UDP');
    assert.ok(reader.reported !== null && reader.reported.roundTripSeconds !== null);
    assert.ok(reader.reported.loss === 0 && reader.reported.roundTripSeconds < 1, JSON.stringify(reader.reported));
    assert.equal((await weir.fetch(`/api/v1/sessions/${reader.id}`, { method: 'DELETE' })).status, 204);
    await byUdp.exit();
    assert.equal((await weir.fetch(`/api/v1/sessions/${reader.id}`)).status, 404);
    assert.ok(byTcp.running && publisher.running);
  },
);

interface Session {
  readonly id: string;
  readonly kind: string;
  readonly transport: string;
  readonly bytes: number;
  readonly reported: { readonly loss: number; readonly roundTripSeconds: number | null } | null;
}

function has(list: readonly Session[], kind: string, transport: string): Session | undefined {
  return list.find((session) => session.kind === kind && session.transport === transport && session.bytes > 0);
}

/** A group that no other weir of this machine sends to: the ports of groups are not ours to choose. */
const OWN_GROUP = { WEIR_RTSP_MULTICAST_RANGE: `239.10.${(process.pid >> 8) & 255}.${process.pid & 255}/32` };
