/** Sessions with the answers of cameras as they were recorded, whole and damaged. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { below, mutated, type Random } from '../../../../test/harness/mutations.ts';
import { seededRandom, unitSeed } from '../../../../test/harness/seeded-random.ts';
import { ERRORS } from '../../errors.ts';
import {
  answering,
  channelsOf,
  type FakeCamera,
  plainAnswer,
  respond,
  rtpFrame,
  TIMEOUTS,
  type Answer,
} from './fake-camera.ts';
import type { RtspRequest } from '../wire/message.ts';
import type { MediaWay } from './client-io.ts';
import { TEARDOWN_WAIT_MS } from './dialogue.ts';

const CAMERAS = new URL('../../../../test/fixtures/cameras/', import.meta.url);
const RECORDINGS: ReadonlyMap<string, string> = new Map(
  readdirSync(CAMERAS)
    .filter((file) => file.endsWith('.txt'))
    .map((file) => [file, readFileSync(new URL(file, CAMERAS), 'latin1')]),
);
const ROUNDS = 3000;
const WAYS: readonly (readonly MediaWay[])[] = [['tcp'], ['tcp', 'udp'], ['udp', 'tcp'], ['multicast']];

/** Names of recordings; what was not recorded is answered plainly. Further SETUPs get the first one's answer, with the channels asked for. */
interface Recorded {
  readonly name: string;
  readonly path: string;
  readonly options?: string;
  readonly describe: string;
  readonly setups?: readonly string[];
  readonly play?: string;
  readonly teardown?: string;
  /** 'SETUP url → encoding, channels', in order, URLs after the host; and what PLAY names. */
  readonly tracks: readonly string[];
  readonly aggregate: string;
  /** Media of the tracks that are not set up. */
  readonly skipped?: readonly string[];
}

const DAHUA_PATH = '/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif';
const GW_PATH = '/H264?channel=1&subtype=0&unicast=true&proto=Onvif';

const RECORDED: readonly Recorded[] = [
  {
    name: 'Hikvision',
    path: '/Streaming/Channels/101',
    describe: 'hikvision_describe',
    setups: ['hikvision_setup'],
    play: 'hikvision_play',
    tracks: [
      '/Streaming/Channels/101/trackID=1?transportmode=unicast&profile=Profile_1 → H264 0-1',
      '/Streaming/Channels/101/trackID=3?transportmode=unicast&profile=Profile_1 → VND.ONVIF.METADATA 2-3',
    ],
    aggregate: '/Streaming/Channels/101/?transportmode=unicast&profile=Profile_1',
  },
  {
    name: 'Dahua, H.264, AAC and metadata',
    path: DAHUA_PATH,
    options: 'dahua_options',
    describe: 'dahua_describe_h264_aac_onvif',
    setups: ['dahua_setup'],
    play: 'dahua_play',
    tracks: [
      `${DAHUA_PATH}/trackID=0 → H264 0-1`,
      `${DAHUA_PATH}/trackID=1 → MPEG4-GENERIC 2-3`,
      `${DAHUA_PATH}/trackID=4 → VND.ONVIF.METADATA 4-5`,
    ],
    aggregate: `${DAHUA_PATH}/`,
  },
  {
    name: 'Dahua, H.265 and G.711',
    path: '/cam/realmonitor?channel=1&subtype=2',
    describe: 'dahua_describe_h265_pcma',
    setups: ['dahua_setup'],
    play: 'dahua_play',
    tracks: [
      '/cam/realmonitor?channel=1&subtype=2/trackID=0 → H265 0-1',
      '/cam/realmonitor?channel=1&subtype=2/trackID=1 → PCMA 2-3',
    ],
    aggregate: '/cam/realmonitor?channel=1&subtype=2/',
  },
  {
    name: 'Reolink',
    path: '/h264Preview_01_main',
    describe: 'reolink_describe',
    setups: ['reolink_setup'],
    play: 'reolink_play',
    teardown: 'reolink_teardown',
    tracks: ['/h264Preview_01_main/trackID=1 → H264 0-1', '/h264Preview_01_main/trackID=2 → MPEG4-GENERIC 2-3'],
    aggregate: '/h264Preview_01_main/',
  },
  {
    name: 'GW, main stream',
    path: GW_PATH,
    describe: 'gw_main_describe',
    setups: ['gw_main_setup_video', 'gw_main_setup_audio'],
    play: 'gw_main_play',
    tracks: [`${GW_PATH}/video → H264 0-1`, `${GW_PATH}/audio → PCMU 2-3`],
    aggregate: GW_PATH,
  },
  {
    name: 'GW, sub-stream',
    path: '/H264?channel=1&subtype=1&unicast=true&proto=Onvif',
    describe: 'gw_sub_describe',
    setups: ['gw_sub_setup'],
    play: 'gw_sub_play',
    tracks: ['/H264?channel=1&subtype=1&unicast=true&proto=Onvif/video → H264 0-1'],
    aggregate: '/H264?channel=1&subtype=1&unicast=true&proto=Onvif',
  },
  {
    name: 'Wowza',
    path: '/vod/mp4:BigBuckBunny_115k.mov',
    describe: 'bunny_describe',
    setups: ['bunny_setup'],
    play: 'bunny_play',
    tracks: [
      '/vod/mp4:BigBuckBunny_115k.mov/trackID=1 → MPEG4-GENERIC 0-1',
      '/vod/mp4:BigBuckBunny_115k.mov/trackID=2 → H264 2-3',
    ],
    aggregate: '/vod/mp4:BigBuckBunny_115k.mov/',
  },
  {
    name: 'Foscam',
    path: '/videoMain',
    describe: 'foscam_describe',
    tracks: ['/videoMain/track1 → H264 0-1', '/videoMain/track2 → PCMU 2-3'],
    aggregate: '/videoMain/',
  },
  {
    name: 'libavformat',
    path: '/s',
    describe: 'missing_content_type_describe',
    tracks: ['/s/streamid=0 → H264 0-1', '/s/streamid=1 → MPEG4-GENERIC 2-3'],
    aggregate: '/s',
  },
  {
    name: 'TP-Link',
    path: '/stream1',
    describe: 'tplink_sdp',
    tracks: ['/stream1/track1 → H265 0-1', '/stream1/track2 → PCMA 2-3'],
    aggregate: '/stream1',
    skipped: ['application/TP-LINK'],
  },
  {
    name: 'UniFi',
    path: '/x',
    describe: 'ubiquiti_sdp',
    tracks: ['/x/trackID=0 → MPEG4-GENERIC 0-1', '/x/trackID=1 → OPUS 2-3', '/x/trackID=2 → H264 4-5'],
    aggregate: '/x',
  },
];

/** Its SETUPs were answered with UDP, although they were recorded of a session that asked for that. */
const H264DVR: Recorded = {
  name: 'H264DVR',
  path: '/camera',
  describe: 'h264dvr_describe',
  setups: ['h264dvr_setup_video', 'h264dvr_setup_audio'],
  play: 'h264dvr_play',
  tracks: [],
  aggregate: '/camera',
};

describe('sessions as cameras answered them', () => {
  for (const row of RECORDED) {
    it(row.name, () => {
      const camera = open(row, recordedAnswer(row));
      assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
      const tracks = camera.of('tracks')[0]?.tracks ?? [];
      assert.deepEqual(
        tracks.map((track) => [track.url, track.format.encoding, ...channelsOf(track)]),
        row.tracks.map((line) => {
          const [, path = '', encoding, rtp, rtcp] = /^(.*) → (\S+) (\d+)-(\d+)$/.exec(line) ?? [];
          return [HOST + path, encoding, Number(rtp), Number(rtcp)];
        }),
      );
      assert.deepEqual(
        camera.of('tracks')[0]?.skipped.map(({ media }) => media),
        row.skipped ?? [],
      );
      for (const track of tracks) camera.say(rtpFrame(channelsOf(track)[0], [0x65], track.ssrc ?? 1));
      assert.deepEqual(
        camera.outputs.flatMap((output) => (output.kind === 'rtp' ? [output.track] : [])),
        tracks.map((_, index) => index),
      );
      camera.push({ kind: 'stop' });
      assert.deepEqual(camera.asked, [
        `OPTIONS ${HOST}${row.path}`,
        `DESCRIBE ${HOST}${row.path}`,
        ...tracks.map(({ url }) => `SETUP ${url}`),
        `PLAY ${HOST}${row.aggregate}`,
        `TEARDOWN ${HOST}${row.aggregate}`,
      ]);
      assert.deepEqual([camera.machine.state, camera.error], ['ended', undefined]);
    });
  }

  it('H264DVR, which answers with UDP, is refused where only TCP is wanted', () => {
    assert.equal(open(H264DVR, recordedAnswer(H264DVR)).error?.code, 'source-refused');
  });

  it('H264DVR, which answers with UDP, is pulled over UDP on a new connection where any way will do', () => {
    const answer = recordedAnswer(H264DVR);
    const asked = (request: RtspRequest, times: number): ReturnType<Answer> => answer(request, times % 2);
    const camera = answering(asked, `${HOST}/camera`, { ways: ['tcp', 'udp'] });
    assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
    assert.equal(camera.connections.length, 2);
    assert.deepEqual(
      camera.of('tracks')[0]?.tracks.map(({ format, delivery }) => [format.encoding, delivery]),
      [
        ['H264', { kind: 'udp', track: 0, serverPorts: [40004, 40005] }],
        ['PCMA', { kind: 'udp', track: 1, serverPorts: [40006, 40007] }],
      ],
    );
  });

  it('H264DVR over TCP: its Cseq, its first session id, although the second SETUP names another (ret#85)', () => {
    const camera = open(H264DVR, (request, asked) => {
      const said = recordedAnswer(H264DVR)(request, asked);
      const channels = `interleaved=${2 * asked}-${2 * asked + 1}`;
      return asText(said).replace(/RTP\/AVP;.*(?=;ssrc)/, `RTP/AVP/TCP;unicast;${channels}`);
    });
    assert.equal(camera.machine.state, 'playing', camera.error?.describe() ?? '');
    const play = camera.requests.find(({ method }) => method === 'PLAY');
    assert.equal(play?.headers.get('Session'), '231970');
    assert.deepEqual(
      camera.of('tracks')[0]?.tracks.map(({ format, ssrc }) => [format.encoding, ssrc]),
      [
        ['H264', undefined],
        ['PCMA', undefined],
      ],
    );
  });

  it('are all in the table', () => {
    const named = [...RECORDED, H264DVR].flatMap(({ options, describe: description, setups = [], play, teardown }) => [
      options,
      description,
      ...setups,
      play,
      teardown,
    ]);
    assert.deepEqual(
      [...new Set(named.flatMap((name) => (name === undefined ? [] : [`${name}.txt`])))].sort(),
      [...RECORDINGS.keys()].sort(),
    );
  });
});

it('damaged answers never throw, and lead to media or to an error with a code', () => {
  const seed = unitSeed();
  const random = seededRandom(seed);
  const rows = [...RECORDED, H264DVR];
  for (let round = 0; round < ROUNDS; round++) {
    const row = rows[round % rows.length] ?? H264DVR;
    try {
      playDamaged(row, WAYS[Math.floor(round / rows.length) % WAYS.length] ?? ['tcp'], random);
    } catch (error) {
      assert.fail(
        `WEIR_SEED=${seed}, round ${round}, ${row.name}: ${error instanceof Error ? error.stack : String(error)}`,
      );
    }
  }
});

function playDamaged(row: Recorded, ways: readonly MediaWay[], random: Random): void {
  const answer = recordedAnswer(row);
  const camera = open(
    row,
    (request, asked) => {
      const said = asText(answer(request, asked));
      return random() < 0.15 ? mutated(Buffer.from(said, 'latin1'), random) : said;
    },
    ways,
  );
  // Each way may begin with answers that do not come.
  for (let tries = 0; tries < 8 && !['playing', 'ended'].includes(camera.machine.state); tries++)
    camera.advance(TIMEOUTS.responseMs + TEARDOWN_WAIT_MS);
  assert.ok(['playing', 'ended'].includes(camera.machine.state), `still ${camera.machine.state}`);
  assert.equal(camera.machine.state === 'ended', camera.error !== undefined, 'an end has an error, playing has none');
  for (let frames = 0; frames < 4; frames++) {
    camera.say(mutated(rtpFrame(below(4, random)), random));
    const packets = [mutated(rtpFrame(0).subarray(4), random)];
    camera.push({ kind: 'datagrams', track: below(3, random), part: random() < 0.5 ? 'rtp' : 'rtcp', packets });
  }
  camera.push({ kind: 'stop' });
  camera.advance(TEARDOWN_WAIT_MS);
  assert.equal(camera.machine.state, 'ended');
  const kinds = camera.outputs.map(({ kind }) => kind);
  assert.deepEqual([kinds.at(-1), kinds.indexOf('end')], ['end', kinds.length - 1], 'one end, and nothing after it');
  assert.ok(camera.error === undefined || camera.error.code in ERRORS);
  assert.ok(!(camera.error?.describe() ?? '').includes('p@ss'));
  const announced = kinds.indexOf('tracks');
  for (const [index, output] of camera.outputs.entries()) {
    if (output.kind !== 'rtp' && output.kind !== 'rtcp') continue;
    assert.ok(announced >= 0 && index > announced && output.track < (camera.of('tracks')[0]?.tracks.length ?? 0));
  }
}

const HOST = 'rtsp://192.0.2.1';

function open(row: Recorded, answer: Answer, ways: readonly MediaWay[] = ['tcp']): FakeCamera {
  return answering(answer, `rtsp://user:p%40ss@192.0.2.1${row.path}`, { ways });
}

function recordedAnswer(row: Recorded): Answer {
  return (request, asked) => {
    const renumbered = (name: string): string =>
      read(name).replace(/^(cseq): *\d+/im, `$1: ${request.headers.get('CSeq')}`);
    const { options, describe: description, setups = [], play, teardown } = row;
    switch (request.method) {
      case 'OPTIONS':
        return options === undefined ? plainAnswer(request, asked) : renumbered(options);
      case 'DESCRIBE':
        return description.endsWith('_sdp')
          ? respond(request, '200 OK', ['Content-Type: application/sdp'], read(description))
          : renumbered(description);
      case 'SETUP': {
        const file = setups[asked];
        if (file !== undefined) return renumbered(file);
        const wanted = /interleaved=[\d-]+/.exec(request.headers.get('Transport') ?? '')?.[0] ?? '';
        const first = setups[0] === undefined ? asText(plainAnswer(request, asked)) : renumbered(setups[0]);
        return first.replace(/interleaved=[\d-]+/, wanted).replace(/;ssrc=[^;\r]*/, '');
      }
      case 'PLAY':
        return play === undefined ? plainAnswer(request, asked) : renumbered(play);
      case 'TEARDOWN':
        return teardown === undefined ? plainAnswer(request, asked) : renumbered(teardown);
      default:
        return plainAnswer(request, asked);
    }
  };
}

function asText(answer: ReturnType<Answer>): string {
  return typeof answer === 'string' ? answer : new TextDecoder('latin1').decode(answer ?? new Uint8Array());
}

function read(name: string): string {
  return RECORDINGS.get(`${name}.txt`) ?? assert.fail(`no recording ${name}`);
}
