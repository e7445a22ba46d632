import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { writeRtpHeader } from '../../core/rtp/packet.ts';
import { TrackMeter, type TrackMeasures } from './track-meter.ts';

const VIDEO: TrackFormat = {
  media: 'video',
  encoding: 'H264',
  clockRate: 90_000,
  payloadType: 96,
  fmtp: new Map(),
  parameters: undefined,
};

interface Sent {
  /** By the sender's clock, from the start. */
  readonly mediaMs: number;
  readonly arrivalMs: number;
  readonly key?: boolean;
  readonly lost?: number;
}

/** A packet a frame: an IDR or another slice. */
function measured(
  frames: readonly Sent[],
  reports: readonly (readonly [number, number, number])[] = [],
): TrackMeasures {
  const meter = new TrackMeter(VIDEO);
  for (const [sequence, { mediaMs, arrivalMs, key = false, lost = 0 }] of frames.entries()) {
    const packet = new Uint8Array(112);
    // Begins just before 32 bits of time are used up.
    const timestamp = (2 ** 32 - 90_000 + Math.round(mediaMs * 90)) % 2 ** 32;
    writeRtpHeader(packet, { payloadType: 96, sequence, timestamp, ssrc: 1 }, true);
    packet[12] = key ? 0x65 : 0x41;
    packet[13] = 0x80;
    meter.packet(packet, 5000 + arrivalMs, lost);
    for (const [atMs, ntpUtcMs, ourUtcMs] of reports)
      if (atMs === mediaMs) meter.senderReport(ntpUtcMs, timestamp, ourUtcMs);
  }
  return meter.measures();
}

/** Five seconds at 25 a second with a key frame each second; `speed`: of the sender's clock. */
function steady(speed = 1, jitterMs = 0): readonly Sent[] {
  return Array.from({ length: 125 }, (_, i) => ({
    mediaMs: i * 40 * speed,
    arrivalMs: i * 40 + (i % 2 === 0 ? 0 : jitterMs),
    key: i % 25 === 0,
  }));
}

test('frames, key frames and bits of a steady stream', () => {
  const measures = measured(steady());
  assert.deepEqual(
    [measures.packets, measures.lost, measures.keyFrames, measures.gopMs, Math.round(measures.framesPerSecond ?? 0)],
    [125, 0, 5, 1000, 25],
  );
  assert.ok(Math.abs((measures.bitsPerSecond ?? 0) - 112 * 8 * 25) < 300, String(measures.bitsPerSecond));
  assert.deepEqual([measures.jitterMs, measures.driftPpm], [0, 0]);
});

test('a burst at the start, of which times say nothing, is left out of rates and clocks', () => {
  const burst = Array.from({ length: 50 }, (_, i) => ({ mediaMs: i * 40, arrivalMs: i, key: i % 25 === 0 }));
  const rest = steady().map((frame) => ({ ...frame, mediaMs: frame.mediaMs + 2000, arrivalMs: frame.arrivalMs + 50 }));
  const measures = measured([...burst, ...rest]);
  assert.deepEqual([Math.round(measures.framesPerSecond ?? 0), measures.driftPpm], [25, 0]);
});

test('the clock of a sender that runs fast or slow, and jitter', () => {
  for (const ppm of [2000, -2000]) {
    const { driftPpm = 0 } = measured(steady(1 + ppm / 1e6));
    assert.ok(Math.abs(driftPpm - ppm) < 20, `${driftPpm} for ${ppm}`);
  }
  const { jitterMs = 0, driftPpm = 0 } = measured(steady(1, 8));
  assert.ok(jitterMs > 6 && jitterMs < 9, String(jitterMs));
  assert.ok(Math.abs(driftPpm) < 20, 'late packets are no drift');
});

test('B-frames are no jitter, and cost no frames', () => {
  // I B B P … as decoded: each P two frames ahead of its place.
  const order = [0, 3, 1, 2];
  const frames = Array.from({ length: 124 }, (_, i) => ({
    mediaMs: (i - (i % 3) + (order[(i % 3) + 1] ?? 0)) * 40,
    arrivalMs: i * 40,
  }));
  const { framesPerSecond = 0, jitterMs } = measured(frames);
  assert.deepEqual([Number(framesPerSecond.toFixed(1)), jitterMs], [25, 0]);
});

test('sender reports: how far its time of day is from ours, and its two clocks from each other', () => {
  const day = 86_400_000;
  const measures = measured(steady(), [
    [0, day, day - 3_600_000],
    [4000, day + 4010, day + 4000 - 3_600_000],
  ]);
  assert.equal(measures.senderReports, 2);
  assert.equal(measures.senderClockOffsetMs, 3_600_010);
  assert.ok(Math.abs((measures.senderReportDriftMs ?? 0) - 10) < 0.1);
});

test('a report of the first second of media says nothing of its time of day: it may name the first packet of a burst', () => {
  for (const [atMs, expected] of [
    [0, undefined],
    [960, undefined],
    [1000, -560],
  ] as const)
    assert.equal(measured(steady(), [[atMs, 10_000, 10_560]]).senderClockOffsetMs, expected, `${atMs} ms`);
});

test('of nothing, and of one packet, nothing is said that is not known', () => {
  for (const frames of [[], steady().slice(0, 1)]) {
    const { framesPerSecond, bitsPerSecond, gopMs, jitterMs, driftPpm, senderClockOffsetMs } = measured(frames);
    const unknown = [framesPerSecond, bitsPerSecond, gopMs, jitterMs, driftPpm, senderClockOffsetMs];
    assert.deepEqual(new Set(unknown), new Set([undefined]));
  }
});

test('a report before the first packet counts, and its clock is held against the later ones', () => {
  const meter = new TrackMeter(VIDEO);
  const packet = Buffer.alloc(112);
  meter.senderReport(1000, 0, 1000);
  writeRtpHeader(packet, { payloadType: 96, sequence: 1, timestamp: 900, ssrc: 1 }, true);
  meter.packet(packet, 5000, 0);
  meter.senderReport(6000, 450_000 - 900, 6000);
  const { senderReports, senderReportDriftMs } = meter.measures();
  assert.equal(senderReports, 2);
  assert.ok(Math.abs((senderReportDriftMs ?? 0) - 10) < 0.1, String(senderReportDriftMs));
});

test('parameter sets are kept as copies: what a packet lies in is read into again', () => {
  const meter = new TrackMeter(VIDEO);
  const buffer = Buffer.alloc(4096);
  // Of a Foscam.
  const sets = ['Z00AH5WoFAFuQA==', 'aO48gA=='].map((set) => Buffer.from(set, 'base64'));
  for (const [sequence, unit] of [...sets, Uint8Array.of(0x65, 0x88, 0x80)].entries()) {
    writeRtpHeader(buffer, { payloadType: 96, sequence, timestamp: 0, ssrc: 1 }, sequence === 2);
    buffer.set(unit, 12);
    meter.packet(buffer.subarray(0, 12 + unit.length), 5000, 0);
    buffer.fill(0xff);
  }
  writeRtpHeader(buffer, { payloadType: 96, sequence: 3, timestamp: 3600, ssrc: 1 }, true);
  meter.packet(buffer.subarray(0, 100), 5040, 0);
  const shape = meter.format.parameters?.shape;
  assert.deepEqual(shape?.media === 'video' && [shape.width, shape.height], [1280, 720]);
});
