import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFor } from '../../core/codec/registry.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { AUDIO, VIDEO } from '../../core/mp4/film.table.ts';
import { trackReport, type ProbeReport } from './probe-report.ts';
import { reportText } from './report-text.ts';
import type { TrackMeasures } from './track-meter.ts';

const NOTHING: TrackMeasures = {
  packets: 0,
  bytes: 0,
  lost: 0,
  framesPerSecond: undefined,
  bitsPerSecond: undefined,
  keyFrames: 0,
  gopMs: undefined,
  reordered: undefined,
  jitterMs: undefined,
  driftPpm: undefined,
  senderReports: 0,
  senderClockOffsetMs: undefined,
  senderReportDriftMs: undefined,
};

const FAILED: ProbeReport = {
  url: 'rtsp://***@192.0.2.10/main',
  server: null,
  methods: null,
  transport: null,
  transports: {},
  describedMs: null,
  firstMediaMs: null,
  firstKeyFrameMs: null,
  tracks: [],
  skipped: [],
  faults: {},
  error: null,
};

test('a report for people', () => {
  const video = formatFor(VIDEO, 96);
  const learnt: TrackFormat = { ...video, parameters: undefined };
  const audio = formatFor(AUDIO, 97);
  const report: ProbeReport = {
    ...FAILED,
    server: 'Cam 1.0',
    methods: ['OPTIONS', 'DESCRIBE'],
    transport: 'tcp',
    transports: { tcp: 'works', udp: 'refused' },
    describedMs: 40,
    firstMediaMs: 90,
    firstKeyFrameMs: 410,
    tracks: [
      trackReport(learnt, video, {
        ...NOTHING,
        packets: 990,
        lost: 10,
        framesPerSecond: 21.004,
        bitsPerSecond: 2_140_000,
        keyFrames: 3,
        gopMs: 2000,
        reordered: true,
        jitterMs: 2.04,
        driftPpm: 120.4,
        senderReports: 2,
        senderClockOffsetMs: -3_600_000,
      }),
      trackReport(audio, audio, NOTHING),
    ],
    skipped: [{ section: 2, media: 'application', reason: 'it is a back-channel' }],
    faults: { resyncs: 2 },
  };
  assert.deepEqual(reportText(report, [video, audio]).split('\n'), [
    'rtsp://***@192.0.2.10/main',
    '  server      Cam 1.0',
    '  methods     OPTIONS, DESCRIBE',
    '  media over  tcp works, udp refused',
    '  took        40 ms to its description, 90 ms to the first media, 410 ms to the first key frame',
    '  track 1     video  H.264 High 3.1, 1280x720, 21 fps, 2.1 Mb/s',
    '                     key frame every 2 s, B-frames, set-up only in the media, not in SDP',
    '                     10 packets lost of 1000, jitter 2 ms, clock +120 ppm, its time of day is 60 min behind',
    '  track 2     audio  AAC LC, 48 kHz, mono: nothing came',
    '  not used    application: it is a back-channel',
    '  tolerated   resyncs 2',
  ]);
});

test('a report of a camera that said nothing', () => {
  assert.deepEqual(reportText(FAILED, []).split('\n'), [
    'rtsp://***@192.0.2.10/main',
    '  server      does not say what it is',
    '  took        no description, no media',
    '  tolerated   nothing had to be',
  ]);
});
