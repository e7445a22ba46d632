import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compactNtp, ntpFromUtcMs } from '../../core/rtcp/ntp.ts';
import { writeReceiverReport } from '../../core/rtcp/write.ts';
import { AUDIO, VIDEO } from './fake-stream.ts';
import { ReaderAccount, ReaderTotals } from './reader-totals.ts';
import { ReceivedReports } from './received-reports.ts';

const BLOCK = { fractionLost: 0, cumulativeLost: 0, highestSequence: 1, jitter: 0, lastSenderReport: 0 };
const TRACKS = [VIDEO, AUDIO];

function lsr(utcMs: number): number {
  const { seconds, fraction } = ntpFromUtcMs(utcMs);
  return compactNtp(seconds, fraction);
}

function report(...blocks: Parameters<typeof writeReceiverReport>[1]): Uint8Array {
  return writeReceiverReport(9, blocks, 'reader');
}

test('the worst of the tracks, jitter in the units of each', () => {
  const reports = new ReceivedReports();
  assert.equal(reports.report, undefined);
  const video = { ...BLOCK, ssrc: VIDEO.ssrc, fractionLost: 64, cumulativeLost: 3, jitter: 900 };
  const audio = { ...BLOCK, ssrc: AUDIO.ssrc, fractionLost: 128, cumulativeLost: -1, jitter: 160 };
  const stranger = { ...BLOCK, ssrc: 0x99, cumulativeLost: 1000 };
  const blocks = [video, audio, stranger].map((block) => ({ ...block, delaySinceLastSenderReport: 0 }));
  reports.push(report(...blocks), TRACKS, 0);
  assert.deepEqual(reports.report, { loss: 0.5, lost: 2, jitterMs: 20, roundTripMs: undefined });
  reports.drop(AUDIO);
  assert.deepEqual(reports.report, { loss: 0.25, lost: 3, jitterMs: 10, roundTripMs: undefined });
});

test('the round trip: from when a report went out, whatever moment it spoke of', () => {
  const reports = new ReceivedReports();
  const say = (lastSenderReport: number, delayMs: number, nowMs: number): number | undefined => {
    const delaySinceLastSenderReport = Math.round(delayMs * 65.536);
    reports.push(report({ ...BLOCK, ssrc: VIDEO.ssrc, lastSenderReport, delaySinceLastSenderReport }), TRACKS, nowMs);
    const roundTripMs = reports.report?.roundTripMs;
    return roundTripMs === undefined ? undefined : Math.round(roundTripMs);
  };
  // Of media that is 4 s old, sent now.
  reports.sent(1_800_000_000_000, 1000);
  assert.equal(say(0, 0, 1500), undefined);
  assert.equal(say(lsr(1_800_000_000_000), 2000, 3040), 40);
  reports.sent(1_800_000_009_000, 6000);
  assert.equal(say(lsr(1_800_000_000_000), 5100, 6130), 30, 'the one before');
  assert.equal(say(lsr(1_800_000_009_000), 500, 6490), 0, 'never below');
  assert.equal(say(lsr(1_800_000_777_000), 500, 6490), 0, 'what was never said tells nothing new');
});

test('a total takes what came since, and does not fall', () => {
  const totals = new ReaderTotals();
  const account = new ReaderAccount(totals.of('udp'));
  const losses = { overflows: 0, batches: 0, bytes: 0 };
  account.take({ bytes: 100, losses, reportedLost: 5 });
  losses.batches = 2;
  account.take({ bytes: 150, losses, reportedLost: 3 });
  account.take({ bytes: 150, losses, reportedLost: 4 });
  assert.deepEqual(Object.fromEntries(totals.all()), {
    udp: { sentBytes: 150, overflows: 0, droppedBatches: 2, droppedBytes: 0, reportedLost: 6 },
  });
});
