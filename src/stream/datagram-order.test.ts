import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../base/manual-clock.ts';
import { RTP_HEADER_BYTES, parseRtpHeader, writeRtpHeader } from '../core/rtp/packet.ts';
import { REORDER_WINDOW_MS } from '../core/rtp/reorder-window.ts';
import { DatagramOrder, LAST_LOOKS_MAX } from './datagram-order.ts';
import type { Timer } from '../base/clock.ts';

/** So many datagrams of a socket are read at a look. */
const AT_A_LOOK = 32;

/** Of a thread that was busy: what came meanwhile is in the socket when timers are due. */
class BusyClock extends ManualClock {
  readonly socket: number[] = [];
  looks = 0;
  read: (sequence: number) => void = () => {};

  override afterReading(call: () => void): Timer {
    let cancelled = false;
    this.looks += 1;
    super.afterReading(() => {
      for (const sequence of this.socket.splice(0, AT_A_LOOK)) this.read(sequence);
      if (!cancelled) call();
    });
    return { cancel: () => void (cancelled = true) };
  }
}

const CASES: readonly {
  readonly name: string;
  /** In the socket when the wait for 2 is over. */
  readonly socket: readonly number[];
  readonly out: readonly number[];
  readonly looks: number;
}[] = [
  { name: 'nothing came', socket: [], out: [1, 3], looks: 1 },
  { name: 'the missing one', socket: [2], out: [1, 2, 3], looks: 1 },
  { name: 'it is behind what one look reads', socket: [...again(3, 40), 2], out: [1, 2, 3], looks: 2 },
  { name: 'it never comes, others do', socket: again(3, 40), out: [1, 3], looks: 3 },
  { name: 'others come without end', socket: again(3, 100 * AT_A_LOOK), out: [1, 3], looks: LAST_LOOKS_MAX },
];

for (const { name, socket, out, looks } of CASES) {
  test(`when the wait for a datagram is over the socket is read first: ${name}`, () => {
    const clock = new BusyClock();
    const delivered: (number | undefined)[] = [];
    const faults = { doubledPackets: 0 };
    const order = new DatagramOrder({
      clock,
      faults,
      deliver: (packets) => delivered.push(...packets.map((packet) => parseRtpHeader(packet)?.sequence)),
    });
    clock.read = (sequence) => order.push(packetOf(sequence));
    order.push(packetOf(1));
    order.push(packetOf(3));
    clock.socket.push(...socket);
    clock.advance(REORDER_WINDOW_MS);
    assert.deepEqual([delivered.slice(0, out.length), clock.looks], [out, looks]);
    assert.equal(clock.socket.length, Math.max(0, socket.length - LAST_LOOKS_MAX * AT_A_LOOK));
    order.close();
  });
}

function again(sequence: number, times: number): readonly number[] {
  return Array.from({ length: times }, () => sequence);
}

function packetOf(sequence: number): Uint8Array {
  const packet = new Uint8Array(RTP_HEADER_BYTES);
  writeRtpHeader(packet, { payloadType: 96, sequence, timestamp: 0, ssrc: 1 }, true);
  return packet;
}
