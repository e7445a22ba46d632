import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessUnit } from '../../core/codec/access-unit.ts';
import { formatFor } from '../../core/codec/registry.ts';
import { AUDIO, VIDEO } from '../../core/mp4/film.table.ts';
import { utcMsFromNtp } from '../../core/rtcp/ntp.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { parseRtpHeader } from '../../core/rtp/packet.ts';
import { RtpSender } from './rtp-sender.ts';
import { SENDER_REPORT_MS } from '../../core/rtcp/write.ts';

const START_UTC_MS = 1_767_261_600_000;

function audioUnit(dtsTicks: number): AccessUnit {
  const data = [[new Uint8Array(200)]];
  return { ptsTicks: dtsTicks, dtsTicks, key: true, damaged: false, data, byteLength: 200, parameters: AUDIO };
}

/** Two tracks; what goes out, by track and part. */
class Bench {
  utcMs = START_UTC_MS;
  readonly rtp: Uint8Array[] = [];
  readonly rtcp: Uint8Array[] = [];
  readonly sender = new RtpSender({
    tracks: [formatFor(VIDEO, 96), formatFor(AUDIO, 97)],
    cname: 'c',
    // Both counters are about to wrap.
    random: () => 1 - 2 ** -32,
    utcMs: () => this.utcMs,
    send: (track, part, packet) => {
      assert.equal(track, 1);
      this[part].push(new Uint8Array(packet));
    },
  });

  /** A second and some more of sound, frame by frame. */
  play(seconds: number): void {
    for (let ticks = 0; ticks < seconds * 48_000; ticks += 1024) {
      this.utcMs = START_UTC_MS + Math.round(ticks / 48);
      this.sender.unit(1, audioUnit(ticks));
    }
  }
}

test('packets are numbered and timed on over the wrap', () => {
  const bench = new Bench();
  bench.play(1);
  const headers = bench.rtp.map((packet) => parseRtpHeader(packet));
  for (const [i, header] of headers.entries()) {
    assert.equal(header?.sequence, (65_535 + i) & 0xffff);
    assert.equal(header.timestamp, (2 ** 32 - 1 + i * 1024) % 2 ** 32);
    assert.deepEqual([header.payloadType, header.ssrc], [97, 2 ** 32 - 1]);
  }
  assert.equal(bench.sender.packets, headers.length);
});

test('sender reports say which moment each time is, at the start and every five seconds', () => {
  const bench = new Bench();
  bench.play(2.1 * (SENDER_REPORT_MS / 1000));
  const reports = bench.rtcp
    .flatMap((packet) => parseRtcp(packet).packets)
    .filter(({ kind }) => kind === 'sender-report');
  assert.equal(reports.length, 3);
  for (const report of reports) {
    assert.ok(report.kind === 'sender-report');
    const sinceMs = utcMsFromNtp(report.ntpSeconds, report.ntpFraction) - START_UTC_MS;
    const ticks = (report.rtpTimestamp + 1) % 2 ** 32;
    assert.ok(Math.abs(ticks / 48 - sinceMs) < 1.1, `${ticks} at ${sinceMs} ms`);
  }
});

test('the end is said of tracks that sent something', () => {
  const bench = new Bench();
  bench.sender.goodbye();
  assert.equal(bench.rtcp.length, 0);
  bench.play(0.1);
  bench.sender.goodbye();
  const last = bench.rtcp.at(-1);
  assert.ok(last !== undefined);
  assert.equal(parseRtcp(last).packets.at(-1)?.kind, 'goodbye');
});
