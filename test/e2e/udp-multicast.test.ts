/**
 * Multicast to readers, in a network of the test's own: one interface, with a route for groups, so that ffmpeg, which cannot be told an interface, hears
 * them too. The file runs itself there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeWithGst } from '../harness/gst-reader.ts';
import { peerTest } from '../harness/peers.ts';
import { mustRun, runProgram } from '../harness/program.ts';
import { RtspPeer } from '../harness/rtsp-peer.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const INSIDE = 'TEST_IN_NAMESPACE';
const ROUTE = ['route', 'add', '224.0.0.0/4', 'dev', 'lo'];
const CONFIG = `streams: { cam: { source: test-pattern }, yard: { source: test-pattern } }\n`;
const ENV = { WEIR_RTSP_MULTICAST_RANGE: '239.10.0.0/16' };

if (process.env[INSIDE] === undefined) {
  peerTest(
    'multicast: two streams and all tracks at once, PAUSE, and no route',
    ['netns', 'ffmpeg', 'gstreamer'],
    runInside,
  );
} else {
  scenes();
}

async function runInside(): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const script = `ip link set lo up multicast on && ip ${ROUTE.join(' ')} && exec "$0" --test "$1"`;
  const words = ['-rn', 'sh', '-c', script, process.execPath, import.meta.filename];
  const { code, stdout } = await runProgram('unshare', words, 60_000, { ...env, [INSIDE]: 'yes' });
  assert.equal(code, 0, stdout);
}

function scenes(): void {
  void test('two streams at once, each with its tracks, to programs of two kinds', async (context) => {
    const weir = await RunningWeir.start(context, CONFIG, { env: ENV });
    await Promise.all(['cam', 'yard'].map((name) => weir.untilState(name, 'live')));
    const heard = await Promise.all(['cam', 'yard'].map((name) => packetsOf(`${weir.rtsp}/${name}`)));
    for (const packets of heard)
      assert.ok(
        packets.every((count) => count > 20),
        packets.join(' '),
      );
    // Not beside ffmpeg: it takes the BYE of another receiver, which GStreamer sends to the group, for the sender's, and ends.
    await decodeWithGst(context, `location=${weir.rtsp}/cam protocols=udp-mcast latency=200`, 25);
    await sending(weir, 0);
  });

  void test('PAUSE of the only reader ends the sending, PLAY begins it again, and the end says so', async (context) => {
    const weir = await RunningWeir.start(context, CONFIG, { env: ENV });
    await weir.untilState('cam', 'live');
    const peer = await RtspPeer.open(context, weir.rtsp);
    const url = `${weir.rtsp}/cam`;
    const setUp = await peer.ask('SETUP', `${url}/trackID=0`, ['Transport: RTP/AVP;multicast']);
    assert.match(
      setUp,
      /^RTSP\/1\.0 200 .*Transport: RTP\/AVP;multicast;destination=239\.10\.\d+\.\d+;ttl=16;port=\d+-\d+;/s,
    );
    const session = [`Session: ${/Session: ([^;\r]+)/.exec(setUp)?.[1]}`];
    for (const [method, groups] of [
      ['PLAY', 1],
      ['PAUSE', 0],
      ['PLAY', 1],
      ['TEARDOWN', 0],
    ] as const) {
      assert.match(await peer.ask(method, url, session), /^RTSP\/1\.0 200 /, method);
      await sending(weir, groups);
      assert.equal((await weir.streamStatus('cam')).readers['rtsp'], groups, 'counted once');
    }
  });

  void test('without a route to groups: 461, and the log says why', async (context) => {
    await mustRun('ip', ['route', 'del', ...ROUTE.slice(2)]);
    context.after(() => mustRun('ip', ROUTE));
    // Bound to an address it would send from its interface, whatever the routes are.
    const env = { ...ENV, WEIR_RTSP_LISTEN: '0.0.0.0:0' };
    const weir = await RunningWeir.start(context, `access: open\n${CONFIG}`, { env });
    await weir.untilState('cam', 'live');
    const peer = await RtspPeer.open(context, weir.rtsp);
    const setUp = (transport: string): Promise<string> =>
      peer.ask('SETUP', `${weir.rtsp}/cam/trackID=0`, [`Transport: ${transport}`]);
    assert.match(await setUp('RTP/AVP;multicast'), /^RTSP\/1\.0 461 /);
    const { msg } = await weir.logged({ code: 'listen-refused' });
    assert.match(msg, /Multicast is offered, but cannot be sent: .*ENETUNREACH/);
    assert.match(await setUp('RTP/AVP/TCP;unicast;interleaved=0-1'), /^RTSP\/1\.0 200 /);
  });
}

/** How many packets of each track ffmpeg hears in four seconds of media. */
async function packetsOf(url: string): Promise<readonly number[]> {
  const said = await mustRun('ffmpeg', [
    ...'-v error -rtsp_transport udp_multicast -i'.split(' '),
    url,
    ...'-map 0 -c copy -t 4 -f framemd5 -'.split(' '),
  ]);
  const lines = said.split('\n');
  return [0, 1].map((track) => lines.filter((line) => line.startsWith(`${track},`)).length);
}

/** Waits until so many groups are sent to. */
async function sending(weir: RunningWeir, groups: number): Promise<void> {
  const line = new RegExp(`^weir_rtsp_multicast_groups ${groups}$`, 'm');
  await weir.until(async () => line.test(await (await weir.fetch('/metrics')).text()), `${groups} groups`, 5000);
}
