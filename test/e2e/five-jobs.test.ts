/** The five jobs at once: a published clip is read over RTSP and HLS, shown as a still, recorded, and comes back frame by frame. */
import assert from 'node:assert/strict';
import { peerTest } from '../harness/peers.ts';
import { audioHashes, makeClip, pictureHashes } from '../harness/clips.ts';
import { openPage, videoState } from '../harness/browser.ts';
import { publishClip } from '../harness/ffmpeg.ts';
import { mustRun } from '../harness/program.ts';
import { RunningWeir } from '../harness/running-weir.ts';

const SECONDS = 20;
const SIZE = { width: 640, height: 360 };

interface RecordingStatus {
  /** Milliseconds UTC. */
  readonly ranges: readonly { readonly opened_at: number; readonly closed_at: number }[];
}

peerTest(
  'a published clip is served, seen and recorded, every frame once and in order',
  ['ffmpeg', 'ffprobe', 'gstreamer', 'chromium'],
  async (context) => {
    const clip = await makeClip(context, { seconds: SECONDS, bFrames: 2, size: `${SIZE.width}x${SIZE.height}` });
    const weir = await RunningWeir.start(context, 'streams: { cam: { source: publish, record: true } }\n');
    const url = `${weir.rtsp}/cam`;
    const publisher = publishClip(context, clip, url);
    await weir.untilState('cam', 'live');

    await Promise.all([readsOverRtsp(url), gstreamerReads(url), playsInChromium(context, weir), showsStill(weir)]);

    assert.equal(await publisher.exit(), 0, publisher.stderr);
    await weir.untilState('cam', 'down');
    const ranges = await recordedRanges(weir, SECONDS);
    const archive = `${weir.http}/cam/archive-${Math.floor((ranges[0]?.opened_at ?? 0) / 1000)}-${SECONDS + 10}.m3u8`;
    assert.deepEqual(await pictureHashes(archive), await pictureHashes(clip));
    const [sent, kept] = [await audioHashes(clip), await audioHashes(archive)];
    const first = sent.indexOf(kept[0] ?? '');
    // Arrival places sound beside the picture by some tens of milliseconds: one frame may be over before the first, two begin behind the last.
    assert.ok(first === 0 || first === 1, `the first recorded audio frame is ${first} of what was sent`);
    assert.deepEqual(kept, sent.slice(first, first + kept.length));
    assert.ok(kept.length >= sent.length - first - 2, `${kept.length} of ${sent.length} audio frames are recorded`);
  },
);

async function readsOverRtsp(url: string): Promise<void> {
  const probed = JSON.parse(
    await mustRun('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', '-show_streams', '-of', 'json', url]),
  ) as {
    readonly streams: readonly { readonly codec_name: string; readonly width?: number; readonly height?: number }[];
  };
  assert.deepEqual(
    probed.streams.map((stream) => [stream.codec_name, stream.width, stream.height]),
    [
      ['h264', SIZE.width, SIZE.height],
      ['aac', undefined, undefined],
    ],
  );
}

/** With its default transports: UDP is refused with 461 and it falls back to TCP. */
async function gstreamerReads(url: string): Promise<void> {
  const said = await mustRun(
    'gst-launch-1.0',
    [
      '-v',
      'rtspsrc',
      `location=${url}`,
      'name=s',
      's.',
      '!',
      'application/x-rtp,media=video',
      '!',
      'rtph264depay',
      '!',
      'avdec_h264',
      '!',
      'identity',
      'eos-after=60',
      '!',
      'fakesink',
      'sync=false',
    ],
    30_000,
  );
  assert.match(said, /width=\(int\)640/);
}

async function playsInChromium(context: Parameters<typeof openPage>[0], weir: RunningWeir): Promise<void> {
  const page = await openPage(context, `${weir.http}/#/cam`);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  const started = await weir.until(async () => {
    const state = await videoState(page);
    return state.currentTime > 0 && state.width === SIZE.width && state;
  }, 'the first picture in Chromium');
  const later = await weir.until(async () => {
    const state = await videoState(page);
    return state.currentTime > started.currentTime + 4 && state;
  }, 'four seconds of play in Chromium');
  assert.deepEqual([later.error, later.problem, errors], [null, null, []]);
}

async function showsStill(weir: RunningWeir): Promise<void> {
  const response = await weir.fetch('/cam/preview.jpg');
  assert.equal(response.status, 200, response.status === 200 ? '' : await response.text());
  assert.equal(response.headers.get('content-type'), 'image/jpeg');
  const ageMs = Date.now() - Date.parse(response.headers.get('x-frame-time') ?? '');
  assert.ok(ageMs >= 0 && ageMs < 5_000, `the still says that it is ${ageMs} ms old`);
  assert.deepEqual(jpegSize(Buffer.from(await response.arrayBuffer())), SIZE);
}

/** Waits until the recording reaches what was sent. */
function recordedRanges(weir: RunningWeir, seconds: number): Promise<RecordingStatus['ranges']> {
  return weir.until(async () => {
    const [status] = await weir.json<readonly RecordingStatus[]>('/cam/recording_status.json');
    const totalMs = status?.ranges.reduce((sum, range) => sum + range.closed_at - range.opened_at, 0) ?? 0;
    return totalMs > seconds * 1000 - 200 && status?.ranges;
  }, `${seconds} recorded seconds`);
}

/** Width and height from the frame header (ISO 10918-1 B.2.2). */
function jpegSize(bytes: Buffer): { readonly width: number; readonly height: number } {
  assert.equal(bytes.readUInt16BE(0), 0xffd8);
  for (let at = 2; at < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1] ?? 0;
    if (marker >= 0xc0 && marker <= 0xc3)
      return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
  }
  return assert.fail('no frame header');
}
