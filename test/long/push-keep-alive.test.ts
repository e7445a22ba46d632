/** `weir push` to servers that are strict about keep-alives, for longer than two of them. */
import assert from 'node:assert/strict';
import { makeClip } from '../harness/clips.ts';
import { heldAddress } from '../harness/held-address.ts';
import { peerTest } from '../harness/peers.ts';
import { Background } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { weirBackground, weirCommand } from '../harness/weir-command.ts';

/** 25 a second: 64 s and more, of sessions whose keep-alives are 30 s apart. */
const ENOUGH_FRAMES = /^frame=(1[6-9]\d\d|\d{5,})$/m;
const WITHIN_MS = 100_000;

for (const transport of ['tcp', 'udp']) {
  peerTest(`ffmpeg takes a push over ${transport} for more than two keep-alives`, ['ffmpeg'], async (context) => {
    const clip = await makeClip(context, { seconds: 2, audio: false });
    const url = `rtsp://${await heldAddress(context)}/in`;
    const output = ['-map', '0:v', '-c', 'copy', '-progress', 'pipe:1', '-f', 'null', '/dev/null'];
    const listener = new Background(context, 'ffmpeg', ['-v', 'error', '-rtsp_flags', 'listen', '-i', url, ...output]);
    // It says nowhere that it listens: who comes too early is refused, and comes again.
    const words = ['push', clip, url, '--transport', transport];
    for (;;) {
      const pushing = weirBackground(context, [...words, '--loop']);
      const begun = pushing.line(/^sends /m, WITHIN_MS);
      if (
        !(await begun.then(
          () => true,
          () => false,
        ))
      ) {
        assert.match(pushing.stderr, /nothing listens there/);
        continue;
      }
      await listener.line(ENOUGH_FRAMES, WITHIN_MS);
      assert.equal(await pushing.end('SIGINT'), 0, pushing.stderr);
      assert.equal(await listener.exit(), 0, listener.stderr);
      return;
    }
  });
}

peerTest('weir takes a push over udp for more than two keep-alives', [], async (context) => {
  const clip = await makeClip(context, { seconds: 2 });
  const weir = await RunningWeir.start(context, 'streams: { in: { source: publish } }\n');
  const pushing = weirBackground(context, ['push', clip, `${weir.rtsp}/in`, '--transport', 'udp', '--loop']);
  await weir.untilState('in', 'live');
  const pulled = await weirCommand(['pull', `${weir.rtsp}/in`, `${clip}.pulled.mp4`, '--for', '64s'], WITHIN_MS);
  assert.equal(pulled.code, 0, pulled.stderr);
  assert.equal(await pushing.end('SIGINT'), 0, pushing.stderr);
});
