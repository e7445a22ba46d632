import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, unitSeed } from '../../../test/harness/seeded-random.ts';
import { compactNtp, ntpFromUtcMs, utcMsFromNtp } from './ntp.ts';
import type { ReportBlock } from './packet.ts';
import { parseRtcp } from './parse.ts';
import { writeGoodbye, writeReceiverReport, writeSenderReport } from './write.ts';

const BLOCK: ReportBlock = {
  ssrc: 0xcafebabe,
  fractionLost: 12,
  cumulativeLost: -3,
  highestSequence: 0xfffffff0,
  jitter: 90,
  lastSenderReport: 0x89abcdef,
  delaySinceLastSenderReport: 65536,
};
const UTC_MS = Date.UTC(2026, 10, 24, 12, 0, 0, 250);

test('NTP and UTC', () => {
  const rows: readonly (readonly [utcMs: number, seconds: number, fraction: number])[] = [
    [0, 2208988800, 0],
    [500, 2208988800, 2 ** 31],
    [Date.UTC(2036, 1, 7, 6, 28, 15), 4294967295, 0],
    [Date.UTC(2036, 1, 7, 6, 28, 16), 0, 0],
    [Date.UTC(2040, 0, 1), 123010304, 0],
  ];
  for (const [utcMs, seconds, fraction] of rows) {
    assert.deepEqual(ntpFromUtcMs(utcMs), { seconds, fraction });
    assert.equal(utcMsFromNtp(seconds, fraction), utcMs);
  }
  const { seconds, fraction } = ntpFromUtcMs(UTC_MS);
  assert.equal(Math.round(utcMsFromNtp(seconds, fraction)), UTC_MS);
  assert.equal(compactNtp(0x12345678, 0x9abcdef0), 0x56789abc);
});

test('what we write is read back', () => {
  const report = writeSenderReport({
    ssrc: 1,
    utcMs: UTC_MS,
    rtpTimestamp: 0xfffffff0,
    packets: 3,
    octets: 4000,
    cname: 'weir',
  });
  const ntp = ntpFromUtcMs(UTC_MS);
  const cnames = [{ ssrc: 1, cname: 'weir' }];
  assert.deepEqual(parseRtcp(report), {
    packets: [
      {
        kind: 'sender-report',
        ssrc: 1,
        ntpSeconds: ntp.seconds,
        ntpFraction: ntp.fraction,
        rtpTimestamp: 0xfffffff0,
        packets: 3,
        octets: 4000,
        reports: [],
      },
      { kind: 'source-description', cnames, broken: false },
    ],
    malformed: 0,
  });
  assert.deepEqual(parseRtcp(writeReceiverReport(1, [BLOCK], 'weir')), {
    packets: [
      { kind: 'receiver-report', ssrc: 1, reports: [BLOCK] },
      { kind: 'source-description', cnames, broken: false },
    ],
    malformed: 0,
  });
  assert.deepEqual(parseRtcp(writeGoodbye(1)), {
    packets: [
      { kind: 'receiver-report', ssrc: 1, reports: [] },
      { kind: 'goodbye', ssrcs: [1] },
    ],
    malformed: 0,
  });
});

test('names of every length end on a word', () => {
  for (let length = 0; length < 300; length++) {
    const packet = writeReceiverReport(1, [], 'n'.repeat(length));
    assert.equal(packet.length % 4, 0);
    const { packets, malformed } = parseRtcp(packet);
    assert.equal(malformed, 0);
    assert.deepEqual(packets[1], {
      kind: 'source-description',
      cnames: [{ ssrc: 1, cname: 'n'.repeat(Math.min(255, length)) }],
      broken: false,
    });
  }
});

test('broken source descriptions cost nothing else', () => {
  const head = writeReceiverReport(1, [], 'x').subarray(0, 8);
  const rows: readonly (readonly [name: string, sdes: readonly number[], cnames: number])[] = [
    ['an item longer than its packet', [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 200, 65, 66], 0],
    ['no end of the chunk', [0x81, 202, 0, 2, 0, 0, 0, 1, 1, 2, 65, 66], 1],
    ['two chunks said, one there', [0x82, 202, 0, 3, 0, 0, 0, 1, 1, 2, 65, 66, 0, 0, 0, 0], 1],
    ['nothing in it', [0x81, 202, 0, 0], 0],
  ];
  for (const [name, sdes, cnames] of rows) {
    const { packets } = parseRtcp(Uint8Array.from([...head, ...sdes, ...writeGoodbye(2)]));
    assert.equal(packets[0]?.kind, 'receiver-report', name);
    assert.equal(packets[1]?.kind === 'source-description' && packets[1].cnames.length, cnames, name);
    assert.equal(packets.at(-1)?.kind, 'goodbye', name);
  }
});

test('unknown types are passed over', () => {
  const { packets, malformed } = parseRtcp(Uint8Array.from([0x80, 204, 0, 1, 0, 0, 0, 1, ...writeGoodbye(2)]));
  assert.equal(packets.length, 2);
  assert.equal(malformed, 0);
});

test('cut anywhere, damaged anywhere: no exception, and what is whole is read', () => {
  const whole = Uint8Array.from([...writeReceiverReport(1, [BLOCK, BLOCK], 'weir'), ...writeGoodbye(1)]);
  for (let length = 0; length <= whole.length; length++) parseRtcp(whole.subarray(0, length));
  const seed = unitSeed();
  const random = seededRandom(seed);
  for (let i = 0; i < 5000; i++) {
    const bytes = whole.slice(0, Math.floor(random() * (whole.length + 1)));
    for (let faults = 0; faults < 4; faults++) {
      if (bytes.length > 0) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    const before = bytes.slice();
    const { packets } = parseRtcp(bytes);
    assert.ok(packets.length <= bytes.length / 4, `WEIR_SEED=${seed}`);
    assert.deepEqual(bytes, before, `WEIR_SEED=${seed}`);
  }
});
