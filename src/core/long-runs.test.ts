/**
 * A long run of one character costs linear time: blanks in a request line, slashes at a URL's end, commas in a header. An expression that tries every
 * split of such a run took half a second of the one thread for 16 KB, before any login. No clock is asked for more than which of two kinds it
 * is: linear is a hundred times below the limit, quadratic above it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZ_ROUNDS, bytesOfSeed, fuzz, oneOf } from '../../test/harness/fuzz.ts';
import { below, joined } from '../../test/harness/mutations.ts';
import { WeirError } from './errors.ts';
import { parseSdp } from './sdp/parse-sdp.ts';
import { sdpTracks } from './sdp/sdp-tracks.ts';
import { TEXT_PARSERS } from './text-parsers.table.ts';

const RUN_BYTES = 40_000;
const LIMIT_MS = 400;
/** First lines decide more than bodies do. */
const LONGEST_START = 120;
const decoder = new TextDecoder();
const RUNS = [
  ...' \t\n\r/";,=:-0%@a.?&[(\\'.split(''),
  '\r\n',
  '\r\n ',
  'a ',
  ' a',
  'a=',
  'a=b,',
  'a="b",',
  '//',
  '%41',
  'rtsp://',
  '/trackID=0',
  'A: b\r\n',
  'm=video 0 RTP/AVP 96\n',
  'a=rtpmap:96 H264/90000\n',
  'a=fmtp:96 x=y\n',
].map((piece) => new TextEncoder().encode(piece.repeat(RUN_BYTES / piece.length)));

test('long runs', () => {
  // Each run in each kind of input, somewhere; more places with more rounds.
  const cases = TEXT_PARSERS.flatMap((parser) => RUNS.map((run) => ({ parser, run })));
  const rounds = Math.ceil(FUZZ_ROUNDS / 100_000) * cases.length;
  fuzz('long runs', rounds, (random, round) => {
    const { parser, run } = cases[round % cases.length] ?? oneOf(cases, random);
    const seed = bytesOfSeed(oneOf(parser.seeds, random));
    const at = below(Math.min(seed.length, LONGEST_START) + 1, random);
    const input = joined([seed.subarray(0, at), run, seed.subarray(random() < 0.5 ? at : seed.length)]);
    const read = parser.reader();
    assert.ok(
      fastOnce(() => read(input, random)),
      `${parser.name}: a run of ${JSON.stringify(decoder.decode(run.subarray(0, 8)))} after ${at} bytes`,
    );
  });
});

test('descriptions at their limits', () => {
  const many = 'm=video 0 RTP/AVP 99\n' + 'a=rtpmap:98\n'.repeat(300);
  const texts = [
    `m=video 0 RTP/AVP ${'99 '.repeat(90_000)}\n${'a=rtpmap:98\n'.repeat(300)}`,
    many.repeat(40),
    '\n'.repeat(250_000),
  ];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    const fast = fastOnce(() => {
      const description = parseSdp(bytes);
      if (!(description instanceof WeirError)) sdpTracks(description);
    });
    assert.ok(fast, text.slice(0, 40));
  }
});

/** What else the machine does may make one try slow, not three. */
function fastOnce(run: () => void): boolean {
  for (let tries = 0; tries < 3; tries++) {
    const began = performance.now();
    run();
    if (performance.now() - began < LIMIT_MS) return true;
  }
  return false;
}
