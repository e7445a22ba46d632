/** Cameras that answer as real ones were recorded to, pulled in a whole session with media, and read back. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { peerTest } from '../harness/peers.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';
import { RECORDED_CAMERAS, ScriptedCamera, type CameraScript } from '../harness/scripted-camera.ts';

interface Camera extends CameraScript {
  /** Of the tracks that are pulled. */
  readonly encodings: readonly string[];
  readonly fallbacks?: number;
}

const CAMERAS: Readonly<Record<string, Camera>> = {
  hikvision: {
    path: '/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
    describe: 'hikvision_describe.txt',
    setups: ['hikvision_setup.txt'],
    play: 'hikvision_play.txt',
    encodings: ['H264', 'VND.ONVIF.METADATA'],
  },
  dahua: {
    path: '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif',
    options: 'dahua_options.txt',
    describe: 'dahua_describe_h264_aac_onvif.txt',
    setups: ['dahua_setup.txt'],
    play: 'dahua_play.txt',
    encodings: ['H264', 'MPEG4-GENERIC', 'VND.ONVIF.METADATA'],
  },
  'dahua-h265': {
    path: '/cam/realmonitor?channel=1&subtype=2',
    describe: 'dahua_describe_h265_pcma.txt',
    setups: ['dahua_setup.txt'],
    play: 'dahua_play.txt',
    encodings: ['H265', 'PCMA'],
  },
  reolink: {
    path: '/h264Preview_01_main',
    describe: 'reolink_describe.txt',
    setups: ['reolink_setup.txt'],
    play: 'reolink_play.txt',
    teardown: 'reolink_teardown.txt',
    encodings: ['H264', 'MPEG4-GENERIC'],
  },
  gw: {
    path: '/H264?channel=1&subtype=0&unicast=true&proto=Onvif',
    describe: 'gw_main_describe.txt',
    setups: ['gw_main_setup_video.txt', 'gw_main_setup_audio.txt'],
    play: 'gw_main_play.txt',
    encodings: ['H264', 'PCMU'],
  },
  'gw-sub': {
    path: '/H264?channel=1&subtype=1&unicast=true&proto=Onvif',
    describe: 'gw_sub_describe.txt',
    setups: ['gw_sub_setup.txt'],
    play: 'gw_sub_play.txt',
    encodings: ['H264'],
  },
  wowza: {
    path: '/vod/mp4:BigBuckBunny_115k.mov',
    describe: 'bunny_describe.txt',
    setups: ['bunny_setup.txt'],
    play: 'bunny_play.txt',
    encodings: ['MPEG4-GENERIC', 'H264'],
  },
  foscam: {
    path: '/videoMain',
    describe: 'foscam_describe.txt',
    encodings: ['H264', 'PCMU'],
  },
  libavformat: {
    path: '/s',
    describe: 'missing_content_type_describe.txt',
    encodings: ['H264', 'MPEG4-GENERIC'],
  },
  'tp-link': {
    path: '/stream1',
    describe: 'tplink_sdp.txt',
    encodings: ['H265', 'PCMA'],
  },
  unifi: {
    path: '/x',
    describe: 'ubiquiti_sdp.txt',
    encodings: ['MPEG4-GENERIC', 'OPUS', 'H264'],
  },
  /** It answers a SETUP with TCP with UDP. */
  h264dvr: {
    path: '/camera',
    describe: 'h264dvr_describe.txt',
    setups: ['h264dvr_setup_video.txt', 'h264dvr_setup_audio.txt'],
    play: 'h264dvr_play.txt',
    encodings: ['H264', 'PCMA'],
    fallbacks: 1,
  },
};
const PICTURES = 10;

test('every recorded answer is in the table', () => {
  const used = Object.values(CAMERAS).flatMap(({ describe, setups = [], play, options, teardown }) =>
    [describe, ...setups, play, options, teardown].filter((file) => file !== undefined),
  );
  const recorded = readdirSync(RECORDED_CAMERAS).filter((file) => file.endsWith('.txt'));
  assert.deepEqual([...new Set(used)].sort(), recorded.sort());
});

peerTest('recorded cameras are pulled, relayed and seen over HLS', ['ffmpeg'], async (context) => {
  const names = Object.keys(CAMERAS);
  const cameras = new Map<string, ScriptedCamera>();
  for (const [name, script] of Object.entries(CAMERAS)) cameras.set(name, await ScriptedCamera.start(context, script));
  const streams = names.map((name) => `  ${name}: { source: '${cameras.get(name)?.url}' }\n`);
  const weir = await RunningWeir.start(context, `streams:\n  good: { source: test-pattern }\n${streams.join('')}`);
  await Promise.all(
    names.map(async (name) => {
      await weir.untilState(name, 'live');
      const { encodings = [], fallbacks = 0 } = CAMERAS[name] ?? {};
      const { tracks, source } = await weir.streamStatus(name);
      const found = tracks.map(({ encoding }) => encoding);
      assert.deepEqual([name, found, source.faults['transportFallbacks'] ?? 0], [name, encodings, fallbacks]);
      await mustRun('ffmpeg', [
        ...'-v fatal -xerror -rtsp_transport tcp -allowed_media_types video -i'.split(' '),
        `${weir.rtsp}/${name}?start=key`,
        ...`-frames:v ${PICTURES} -f null -`.split(' '),
      ]);
      if (encodings.includes('VND.ONVIF.METADATA')) await givesMetadata(`${weir.rtsp}/${name}`);
      const list = await weir.until(async () => {
        const response = await weir.fetch(`/${name}/index.m3u8`);
        return response.ok && (await response.text());
      }, `HLS of ${name}`);
      assert.match(list, encodings.includes('H265') ? /CODECS="hvc1\./ : /CODECS="[^"]*avc1\./, name);
    }),
  );
  await weir.goesOn('good');
  for (const [name, camera] of cameras)
    assert.equal(camera.asked.filter((method) => method === 'PLAY').length, 1, name);
  await weir.stop();
  for (const [name, camera] of cameras) assert.equal(camera.asked.at(-1), 'TEARDOWN', name);
});

/** What the camera's documents say comes through as it is. */
async function givesMetadata(url: string): Promise<void> {
  const said = await mustRun('ffmpeg', [
    ...'-v error -rtsp_transport tcp -i'.split(' '),
    url,
    ...'-map 0:d:0 -c copy -frames:d 2 -f data pipe:1'.split(' '),
  ]);
  assert.match(said, /^(<tt:MetadataStream [^>]*\/>){2}$/);
}
