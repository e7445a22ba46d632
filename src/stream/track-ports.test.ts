import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { writeRtpHeader } from '../core/rtp/packet.ts';
import { FakeUdpPair } from '../net/fake-udp-pair.ts';
import type { UdpAddress } from '../net/udp.ts';
import { type MediaSender, portsOf, TrackPorts } from './track-ports.ts';

const PEER = { host: '192.0.2.1', port: 7000 };
/** The same peer, from a port that it did not say. */
const PEER_ELSEWHERE = { host: '192.0.2.1', port: 9999 };
const OTHER = { host: '192.0.2.9', port: 7000 };
const REPORTS = { host: '239.1.2.3', port: 6001 };
/** Ourselves: what we send to a group comes back. */
const OURS = { host: '198.51.100.1', port: 6001 };
const BY_PEER: MediaSender = { kind: 'peer', host: PEER.host };
const BY_GROUP: MediaSender = { kind: 'group', reports: REPORTS };

class Bench {
  readonly faults = { doubledPackets: 0, strayDatagrams: 0 };
  readonly came: string[] = [];
  readonly pair = new FakeUdpPair(6000);
  readonly ports = new TrackPorts({
    clock: new ManualClock(),
    ownHost: OURS.host,
    faults: this.faults,
    datagrams: (track, part, packets) => this.came.push(`${track} ${part} ${packets.length}`),
  });
}

describe('of what comes to the ports of a track', () => {
  const rows: readonly {
    readonly name: string;
    readonly sender: MediaSender;
    readonly comes: readonly (readonly ['rtp' | 'rtcp', UdpAddress])[];
    readonly taken: readonly ('rtp' | 'rtcp')[];
    readonly strays: number;
    /** Where our reports go then. */
    readonly reportTo: UdpAddress | undefined;
  }[] = [
    {
      name: 'all of the peer is taken, whatever port it comes from; reports go to where its own come from',
      sender: BY_PEER,
      comes: [
        ['rtp', PEER],
        ['rtp', PEER_ELSEWHERE],
        ['rtcp', PEER_ELSEWHERE],
      ],
      taken: ['rtp', 'rtp', 'rtcp'],
      strays: 0,
      reportTo: PEER_ELSEWHERE,
    },
    {
      name: 'what another host sends is a stray, and no place for reports',
      sender: BY_PEER,
      comes: [
        ['rtp', OTHER],
        ['rtcp', OTHER],
      ],
      taken: [],
      strays: 2,
      reportTo: undefined,
    },
    {
      name: 'a report from port 0 shows no place for ours',
      sender: BY_PEER,
      comes: [['rtcp', { ...PEER, port: 0 }]],
      taken: ['rtcp'],
      strays: 0,
      reportTo: undefined,
    },
    {
      name: 'of a group the first who sends RTP is the sender; reports before it are of nobody',
      sender: BY_GROUP,
      comes: [
        ['rtcp', OTHER],
        ['rtp', PEER],
        ['rtp', OTHER],
        ['rtcp', OTHER],
        ['rtcp', PEER],
      ],
      taken: ['rtp', 'rtcp'],
      strays: 2,
      reportTo: REPORTS,
    },
    {
      name: 'of a group our own reports, which come back, are nothing',
      sender: BY_GROUP,
      comes: [
        ['rtp', PEER],
        ['rtcp', OURS],
      ],
      taken: ['rtp'],
      strays: 0,
      reportTo: REPORTS,
    },
  ];
  for (const { name, sender, comes, taken, strays, reportTo } of rows) {
    it(name, async () => {
      const { ports, pair, came, faults } = new Bench();
      await ports.take(1, pair, sender);
      for (const [i, [part, from]] of comes.entries()) pair[part].come(part === 'rtp' ? rtp(i) : RTCP, from);
      assert.deepEqual(
        came,
        taken.map((part) => `1 ${part} 1`),
      );
      assert.equal(faults.strayDatagrams, strays);
      ports.report(1, RTCP);
      assert.deepEqual(pair.rtcp.sentTo, reportTo === undefined ? [] : [reportTo]);
    });
  }

  it('where reports go is what was said last, or what was said first where that is enough', async () => {
    const { ports, pair } = new Bench();
    await ports.take(0, pair, BY_PEER);
    ports.reportToIfUnknown(0, PEER);
    ports.reportToIfUnknown(0, OTHER);
    ports.reportAll(RTCP);
    ports.reportTo(0, PEER_ELSEWHERE);
    ports.reportAll(RTCP);
    assert.deepEqual(pair.rtcp.sentTo, [PEER, PEER_ELSEWHERE]);
    ports.report(1, RTCP);
    ports.reportTo(1, PEER);
    assert.equal(ports.pair(1), undefined);
  });

  it('a new pair takes the place of the former one, which is closed', async () => {
    const { ports, pair, came } = new Bench();
    await ports.take(0, pair, BY_PEER);
    const next = new FakeUdpPair(6010);
    await ports.take(0, next, BY_PEER);
    next.rtp.come(rtp(1), PEER);
    assert.deepEqual([pair.closed, next.closed, ports.pair(0), came], [true, false, next, ['0 rtp 1']]);
    assert.deepEqual(portsOf(next), [6010, 6011]);
  });

  it('after the end nothing is taken or counted, and a pair that comes too late is closed', async () => {
    const { ports, pair, came, faults } = new Bench();
    await ports.take(0, pair, BY_PEER);
    await ports.close();
    await ports.close();
    const late = new FakeUdpPair(6010);
    await ports.take(1, late, BY_PEER);
    for (const from of [PEER, OTHER]) {
      pair.rtp.come(rtp(1), from);
      pair.rtcp.come(RTCP, from);
    }
    assert.deepEqual([pair.closed, late.closed, came, faults.strayDatagrams], [true, true, [], 0]);
  });
});

const RTCP = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, 1);

function rtp(sequence: number): Uint8Array {
  const packet = new Uint8Array(20);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp: 0, ssrc: 1 }, true);
  return packet;
}
