import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRtcp } from '../core/rtcp/parse.ts';
import { writeGoodbye, writeSenderReport } from '../core/rtcp/write.ts';
import { parseRtpHeader, writeRtpHeader } from '../core/rtp/packet.ts';
import { AAC_FORMAT, VideoPackets } from './fake-camera.ts';
import { noIngestFaults, RtpIngest, type IngestFaults } from './rtp-ingest.ts';
import type { TrackFormat } from '../core/codec/track-format.ts';
import type { SourceSink, TrackSink } from './source.ts';

const VIDEO = 3;
const AUDIO = 5;
const OURS = 0xabc;

/** A stream that notes what it is given. */
class Bench implements SourceSink {
  readonly lines: string[] = [];
  readonly faults: IngestFaults = noIngestFaults();
  readonly ingest: RtpIngest;

  constructor() {
    const tracks = [
      { track: VIDEO, format: new VideoPackets('plain-h264').format },
      { track: AUDIO, format: AAC_FORMAT },
    ];
    this.ingest = new RtpIngest({ sink: this, tracks, ssrc: OURS, cname: 'c', faults: this.faults });
  }

  announce(tracks: readonly TrackFormat[]): readonly TrackSink[] {
    this.lines.push(`announce ${tracks.map(({ encoding }) => encoding).join(' ')}`);
    return tracks.map(({ media }) => ({
      packet: (packet, arrivalMs, lost) => {
        this.lines.push(`${media} ${parseRtpHeader(packet)?.sequence} at ${arrivalMs}, ${lost} lost`);
      },
      senderReport: (ntpUtcMs, rtpTimestamp) => this.lines.push(`${media} report ${ntpUtcMs} ${rtpTimestamp}`),
      goodbye: () => this.lines.push(`${media} goodbye`),
      accessUnit: () => assert.fail('a peer sends packets'),
      flush: () => this.lines.push(`${media} flush`),
    }));
  }

  /** What it said since the last time. */
  readonly take = (): readonly string[] => this.lines.splice(0);
}

function rtp(sequence: number, ssrc = 7, payloadType = 96): Uint8Array {
  const packet = new Uint8Array(20);
  writeRtpHeader(packet, { payloadType, sequence, timestamp: 9 * sequence, ssrc }, true);
  return packet;
}

function report(utcMs: number): Uint8Array {
  return writeSenderReport({ ssrc: 7, utcMs, rtpTimestamp: 77, packets: 1, octets: 1, cname: 'x' });
}

describe('RtpIngest', () => {
  it('hands packets on with what is missing before them, and flushes only after some came', () => {
    const { ingest, take, faults } = new Bench();
    assert.deepEqual(take(), ['announce H264 MPEG4-GENERIC']);
    assert.equal(ingest.push(VIDEO, 'rtp', rtp(1), 10), 'media');
    assert.equal(ingest.push(AUDIO, 'rtp', rtp(500), 10), 'media');
    ingest.push(VIDEO, 'rtp', rtp(4), 11);
    ingest.push(VIDEO, 'rtp', rtp(4), 12);
    ingest.push(VIDEO, 'rtp', rtp(5).subarray(0, 7), 12);
    ingest.flush();
    ingest.flush();
    assert.deepEqual(take(), [
      'video 1 at 10, 0 lost',
      'audio 500 at 10, 0 lost',
      'video 4 at 11, 2 lost',
      'video flush',
      'audio flush',
    ]);
    assert.deepEqual(faults, { ...noIngestFaults(), doubledPackets: 1, malformedPackets: 1 });
  });

  it('takes nothing of tracks that it does not know, or that were dropped', () => {
    const { ingest, take } = new Bench();
    take();
    assert.equal(ingest.push(0, 'rtp', rtp(1), 0), 'unused');
    ingest.drop(VIDEO);
    assert.equal(ingest.push(VIDEO, 'rtp', rtp(1), 0), 'unused');
    assert.deepEqual(take(), []);
    assert.deepEqual(
      ingest.reports(0).map(({ track }) => track),
      [AUDIO],
    );
  });

  it('takes sender reports, on the RTP channel too; one without a clock is none', () => {
    const { ingest, take, faults } = new Bench();
    take();
    assert.equal(ingest.push(VIDEO, 'rtcp', report(1_700_000_000_000), 0), 'control');
    assert.equal(ingest.push(AUDIO, 'rtp', report(1_700_000_000_500), 0), 'control');
    const clockless = report(0);
    clockless.fill(0, 8, 16);
    ingest.push(VIDEO, 'rtcp', clockless, 0);
    ingest.push(VIDEO, 'rtcp', Uint8Array.of(0x81, 200, 0, 40), 0);
    ingest.flush();
    assert.deepEqual(take(), ['video report 1700000000000 77', 'audio report 1700000000500 77']);
    assert.equal(faults.malformedRtcp, 1);
  });

  it('takes a payload type that is announced for RTP, though it looks like RTCP', () => {
    const bench = new Bench();
    const format = { ...AAC_FORMAT, payloadType: 72 };
    const tracks = [{ track: 0, format }];
    const ingest = new RtpIngest({ sink: bench, tracks, ssrc: OURS, cname: 'c', faults: bench.faults });
    assert.equal(ingest.push(0, 'rtp', rtp(1, 7, 72), 0), 'media');
  });

  it('reports on each track, also where nothing came', () => {
    const { ingest } = new Bench();
    for (const sequence of [1, 2, 4]) ingest.push(VIDEO, 'rtp', rtp(sequence), 0);
    const reports = ingest.reports(1000).map(({ track, packet }) => {
      const [first] = parseRtcp(packet).packets;
      assert.ok(first?.kind === 'receiver-report');
      return [track, first.ssrc, first.reports.map(({ ssrc, cumulativeLost }) => [ssrc, cumulativeLost])];
    });
    assert.deepEqual(reports, [
      [VIDEO, OURS, [[7, 1]]],
      [AUDIO, OURS, []],
    ]);
  });

  it('a BYE ends its track until the peer sends again, and no other; nothing counts as lost between', () => {
    const { ingest, take } = new Bench();
    ingest.push(VIDEO, 'rtp', rtp(1), 0);
    ingest.push(AUDIO, 'rtp', rtp(1, 8), 0);
    take();
    ingest.push(VIDEO, 'rtcp', writeGoodbye(99), 0);
    assert.deepEqual(take(), []);
    ingest.push(VIDEO, 'rtcp', writeGoodbye(7), 0);
    ingest.push(VIDEO, 'rtcp', writeGoodbye(7), 0);
    assert.deepEqual(take(), ['video goodbye']);
    const blocks = ingest.reports(0).map(({ packet }) => {
      const [first] = parseRtcp(packet).packets;
      return first?.kind === 'receiver-report' ? first.reports.length : undefined;
    });
    assert.deepEqual(blocks, [0, 1]);
    ingest.push(VIDEO, 'rtp', rtp(60, 9), 5);
    assert.deepEqual(take(), ['video 60 at 5, 0 lost']);
  });
});
