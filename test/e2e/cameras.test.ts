/** Cameras that answer as real ones were recorded to, pulled in a whole session with media, and read back. */
import assert from 'node:assert/strict';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { ScriptedCamera, type CameraScript } from '../harness/scripted-camera.ts';

const CAMERAS: Readonly<
  Record<
    string,
    CameraScript & { /** Of the tracks that are pulled: metadata is not. */ readonly encodings: readonly string[] }
  >
> = {
  hikvision: {
    path: '/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
    describe: 'hikvision_describe.txt',
    setup: 'hikvision_setup.txt',
    play: 'hikvision_play.txt',
    encodings: ['H264'],
  },
  dahua: {
    path: '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif',
    describe: 'dahua_describe_h264_aac_onvif.txt',
    setup: 'dahua_setup.txt',
    play: 'dahua_play.txt',
    encodings: ['H264', 'MPEG4-GENERIC'],
  },
  reolink: {
    path: '/h264Preview_01_main',
    describe: 'reolink_describe.txt',
    setup: 'reolink_setup.txt',
    play: 'reolink_play.txt',
    encodings: ['H264', 'MPEG4-GENERIC'],
  },
  gw: {
    path: '/H264?channel=1&subtype=0&unicast=true&proto=Onvif',
    describe: 'gw_main_describe.txt',
    setup: 'gw_main_setup_video.txt',
    play: 'gw_main_play.txt',
    encodings: ['H264', 'PCMU'],
  },
};

peerTest('recorded cameras are pulled, relayed and seen over HLS', ['ffprobe'], async (context) => {
  const names = Object.keys(CAMERAS);
  const cameras = new Map<string, ScriptedCamera>();
  for (const [name, script] of Object.entries(CAMERAS)) cameras.set(name, await ScriptedCamera.start(context, script));
  const streams = names.map((name) => `  ${name}: { source: '${cameras.get(name)?.url}' }\n`);
  const weir = await RunningWeir.start(context, `streams:\n  good: { source: test-pattern }\n${streams.join('')}`);
  await Promise.all(
    names.map(async (name) => {
      await weir.untilState(name, 'live');
      const { tracks } = await weir.streamStatus(name);
      assert.deepEqual(
        tracks.map((track) => track.encoding),
        CAMERAS[name]?.encodings,
        name,
      );
      const said = await mustRun(
        'ffprobe',
        [
          '-v',
          'fatal',
          '-rtsp_transport',
          'tcp',
          '-select_streams',
          'v',
          '-show_entries',
          'stream=codec_name',
          '-read_intervals',
          '%+2',
          '-of',
          'csv=p=0',
          `${weir.rtsp}/${name}`,
        ],
        40_000,
      );
      assert.match(said, /h264/, name);
      const list = await weir.until(async () => {
        const response = await weir.fetch(`/${name}/index.m3u8`);
        return response.ok && (await response.text());
      }, `HLS of ${name}`);
      assert.match(list, /CODECS="avc1\./, name);
    }),
  );
  await weir.goesOn('good');
  for (const [name, camera] of cameras)
    assert.equal(camera.asked.filter((method) => method === 'PLAY').length, 1, name);
  await weir.stop();
  for (const [name, camera] of cameras) assert.equal(camera.asked.at(-1), 'TEARDOWN', name);
});
