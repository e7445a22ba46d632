/**
 * Cameras and publishers that stop without a word, hang in the middle of a frame, reboot, and come back with another picture size or codec:
 * RTSP readers, HLS and recordings go on, or are told why not.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeClip } from '../harness/clips.ts';
import { CountingReader, publishClip } from '../harness/ffmpeg.ts';
import { peerTest } from '../harness/peers.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { ScriptedCamera, type CameraScript } from '../harness/scripted-camera.ts';

const H264 = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n';
const CAMERA: CameraScript = { path: '/main', describe: H264 };
const H265_CAMERA: CameraScript = { path: '/main', describe: H264.replace('H264', 'H265') };
const TIMEOUTS = 'timeouts: { connect: 2s, firstByte: 2s, idle: 1s }';
/** How long a camera takes to boot, and a publisher is stopped: what is tested, not a wait for something. */
const BOOT_MS = 3000;
const STOPPED_MS = 2000;
/** A camera that answers again is live again within this. */
const BACK_MS_MAX = 5000;

peerTest('a camera that reboots with another picture size, then with another codec', ['ffmpeg'], async (context) => {
  const camera = await ScriptedCamera.start(context, CAMERA);
  const weir = await RunningWeir.start(
    context,
    `streams: { yard: { source: '${camera.url}', record: true, ${TIMEOUTS} } }\n`,
  );
  await weir.untilState('yard', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/yard`);
  await weir.until(() => reader.pictures > 25, 'pictures at the reader');
  const list = await weir.until(() => mediaListOf(weir), 'a media list');

  const rebootAs = async (before: ScriptedCamera, script: CameraScript): Promise<ScriptedCamera> => {
    before.powerOff();
    await weir.untilState('yard', 'down', 5000);
    await pause(BOOT_MS);
    const after = await ScriptedCamera.start(context, script, camera.port);
    await weir.untilState('yard', 'live', BACK_MS_MAX);
    return after;
  };

  const wide = await rebootAs(camera, { ...CAMERA, stream: 'wide-h264' });
  const seen = reader.pictures;
  await weir.until(() => reader.pictures > seen + 50, 'pictures of the other size at the same reader');
  assert.equal((await weir.streamStatus('yard')).tracks[0]?.width, 192);
  await untilSetUps(weir, list, 2);

  await rebootAs(wide, H265_CAMERA);
  await reader.exit();
  await weir.logged({ code: 'tracks-changed' });
  await untilSetUps(weir, list, 3);
  const again = new CountingReader(context, `${weir.rtsp}/yard`);
  await weir.until(() => again.pictures > 25, 'pictures of the other codec at a new reader');

  // A file is one set-up.
  const files = await weir.until(() => filesOf(weir).length >= 3 && filesOf(weir), 'three files');
  assert.equal(files.length, 3);
  const { spans, gaps } = await weir.json<{ readonly spans: readonly unknown[]; readonly gaps: readonly unknown[] }>(
    `/api/v1/recordings?stream=yard&from=${Date.now() / 1000 - 3600}&to=${Date.now() / 1000 + 10}`,
  );
  assert.ok(spans.length >= 3 && gaps.length >= 2, `${spans.length} spans, ${gaps.length} gaps`);
});

peerTest('a camera that hangs in the middle of a frame is left and asked anew', ['ffmpeg'], async (context) => {
  const camera = await ScriptedCamera.start(context, { ...CAMERA, fault: 'hangs-in-a-frame' });
  const weir = await RunningWeir.start(context, `streams: { yard: { source: '${camera.url}', ${TIMEOUTS} } }\n`);
  await weir.untilState('yard', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/yard`);
  await weir.logged({ code: 'source-silent' });
  await weir.until(() => camera.count('PLAY') >= 3, 'the camera to be asked anew, twice');
  // It sends twenty pictures and a half at a time.
  await weir.until(() => reader.pictures >= 40, 'pictures of each time at the same reader');
  assert.ok(reader.running);
  await weir.until(() => camera.count('TEARDOWN') >= 2, 'sessions that were left to be torn down');
});

peerTest('a publisher that is stopped goes on, or another one takes its place', ['ffmpeg'], async (context) => {
  const clip = await makeClip(context, { seconds: 60 });
  const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish } }\n');
  const first = publishClip(context, clip, `${weir.rtsp}/cam`);
  await weir.untilState('cam', 'live');
  const reader = new CountingReader(context, `${weir.rtsp}/cam`);
  await weir.until(() => reader.pictures > 25, 'pictures at the reader');

  first.child.kill('SIGSTOP');
  await pause(STOPPED_MS);
  const before = reader.pictures;
  first.child.kill('SIGCONT');
  await weir.until(() => reader.pictures > before + 50, 'pictures of the same publisher');
  await weir.goesOn('cam');

  first.child.kill('SIGSTOP');
  const second = publishClip(context, clip, `${weir.rtsp}/cam`);
  const stopped = reader.pictures;
  await weir.until(() => reader.pictures > stopped + 50, 'pictures of the second publisher at the same reader');
  first.child.kill('SIGCONT');
  await first.exit();
  assert.ok(reader.running && second.running);
  assert.equal((await weir.streamStatus('cam')).state, 'live');
});

/** Waits until the media list shows so many set-ups, each but the first behind a discontinuity. */
async function untilSetUps(weir: RunningWeir, list: string, count: number): Promise<void> {
  const text = await weir.until(async () => {
    const body = await (await weir.fetch(list)).text();
    return new Set(body.match(/#EXT-X-MAP:URI="[^"]+"/g)).size === count && body;
  }, `${count} set-ups in the list`);
  const lines = text.split('\n');
  const later = lines.flatMap((line, i) => (line.startsWith('#EXT-X-MAP') ? [i] : [])).slice(1);
  for (const at of later) assert.ok(lines.slice(Math.max(0, at - 3), at + 3).includes('#EXT-X-DISCONTINUITY'), text);
}

async function mediaListOf(weir: RunningWeir): Promise<string | undefined> {
  const response = await weir.fetch('/yard/index.m3u8');
  if (!response.ok) return undefined;
  const uri = (await response.text()).split('\n').find((line) => line !== '' && !line.startsWith('#'));
  return uri === undefined ? undefined : `/yard/${uri}`;
}

function filesOf(weir: RunningWeir): readonly string[] {
  const folder = path.join(weir.folder, 'data/recordings/yard');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.mp4'));
}
