import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import { WeirError } from '../../core/errors.ts';
import { parseRtcp } from '../../core/rtcp/parse.ts';
import { ServerSession } from '../../core/rtsp/server/session.ts';
import type { UdpAddress, UdpSocket } from '../../net/udp.ts';
import type { Stream } from '../../stream/stream.ts';
import { UdpView } from '../../stream/udp-view.ts';
import { AUDIO, batchOf, FakeStream, VIDEO } from './fake-stream.ts';
import { FAILED_LOG_MS, MulticastGroups } from './multicast-groups.ts';
import { ReaderTotals, type ReaderTotal } from './reader-totals.ts';

const session = (stream: string): ServerSession => new ServerSession('id', 'play', stream, undefined, 0);

test('a stream has one address, the same each time; each of its tracks a pair of ports', () => {
  const { groups } = house();
  const [a, b, other] = [session('yard'), session('yard'), session('lobby')];
  const first = groups.take(a, 0);
  assert.deepEqual(first, groups.take(b, 0));
  assert.deepEqual(portsOf(groups.take(a, 1)), [8004, 8005]);
  assert.notEqual(addressOf(groups.take(other, 0)), addressOf(first));
  groups.release(a);
  assert.equal(addressOf(groups.take(session('yard'), 0)), addressOf(first));
  assert.equal(addressOf(house().groups.take(session('yard'), 0)), addressOf(first));
});

test('when all addresses are taken: limit-reached, until a stream has no reader left', () => {
  const { groups } = house({ addresses: 2 });
  const sessions = ['a', 'b'].map(session);
  const addresses = sessions.map((one) => addressOf(groups.take(one, 0)));
  assert.deepEqual(addresses.toSorted(), ['239.10.0.0', '239.10.0.1']);
  const refused = groups.take(session('c'), 0);
  assert.equal(refused instanceof WeirError && refused.code, 'limit-reached');
  const [first] = sessions;
  assert.ok(first);
  groups.release(first);
  assert.equal(addressOf(groups.take(session('c'), 0)), addresses[0]);
});

test('sent once, whoever reads: from the first reader that plays to the last', () => {
  const { groups, sent, clock } = house();
  const stream = new FakeStream('yard');
  const [a, b] = [session('yard'), session('yard')];
  const address = addressOf(groups.take(a, 0));
  groups.take(b, 0);
  const view = new UdpView(() => undefined);
  const join = (one: ServerSession): void => groups.join(one, stream as unknown as Stream, [VIDEO, AUDIO], view);
  const reports = ['8003 sender-report, source-description', '8005 sender-report, source-description'];
  for (const one of [a, b]) {
    join(one);
    assert.deepEqual(kinds(sent.splice(0)), reports, 'who joins is told the time at once');
  }
  assert.deepEqual(stream.starts, ['key']);
  stream.deliver(batchOf(0, 1, true));
  stream.deliver(batchOf(1, 1, true));
  assert.deepEqual(
    sent.splice(0).map(({ to }) => to),
    [
      { host: address, port: 8002 },
      { host: address, port: 8004 },
    ],
  );
  groups.tick(clock.monoMs());
  assert.deepEqual(sent, []);
  clock.advance(5000);
  groups.tick(clock.monoMs());
  assert.deepEqual(kinds(sent.splice(0)), reports);
  groups.leave(a);
  assert.equal(stream.readers.size, 1);
  groups.release(b);
  assert.equal(stream.readers.size, 0);
  assert.deepEqual(kinds(sent), ['8003 receiver-report, goodbye', '8005 receiver-report, goodbye']);
});

test('no route to groups: unusable, said once a minute; datagrams that the system does not take are counted', async () => {
  const { groups, log, clock } = house({ routeError: new WeirError('listen-refused', 'No way there: ENETUNREACH') });
  for (const _ of [1, 2]) assert.equal((await groups.unusable())?.code, 'transport-unsupported');
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0]?.message ?? '', /cannot be sent: .*ENETUNREACH/);
  clock.advance(FAILED_LOG_MS);
  await groups.unusable();
  assert.equal(log.lines.length, 2);
  assert.equal(await house().groups.unusable(), undefined);
});

test('what goes to a group is counted, and what the system does not take', () => {
  const { groups, log, clock, total } = house({ refuses: true });
  const stream = new FakeStream('yard');
  const reader = session('yard');
  groups.take(reader, 0);
  groups.join(reader, stream as unknown as Stream, [VIDEO], new UdpView(() => undefined));
  assert.equal(groups.sending, 1);
  for (let ticks = 1; ticks <= 3; ticks++) stream.deliver(batchOf(0, ticks, true));
  // The report of who joins is one of them.
  assert.deepEqual([total.sentBytes, groups.failed], [300, 4]);
  groups.tick(clock.monoMs());
  groups.tick(clock.monoMs());
  assert.deepEqual(
    log.lines.map(({ fields }) => fields['datagrams']),
    [4],
  );
  groups.release(reader);
  assert.equal(groups.sending, 0);
});

interface Sent {
  readonly packet: Uint8Array;
  readonly to: UdpAddress;
}

function house({
  addresses = 65_536,
  routeError,
  refuses = false,
}: { addresses?: number; routeError?: WeirError; refuses?: boolean } = {}): {
  readonly groups: MulticastGroups;
  readonly sent: Sent[];
  readonly clock: ManualClock;
  readonly log: MemoryLog;
  readonly total: ReaderTotal;
} {
  const sent: Sent[] = [];
  const clock = new ManualClock();
  const log = new MemoryLog();
  const total = new ReaderTotals().of('multicast');
  const socket: UdpSocket = {
    port: 1,
    unsent: 0,
    send: (packet, to, told) => {
      sent.push({ packet: packet instanceof Uint8Array ? packet : Buffer.concat(packet), to });
      told?.(refuses ? new WeirError('listen-refused', 'ENETUNREACH') : null);
    },
    handle: () => {},
    close: () => Promise.resolve(),
  };
  const firstAddress = 239 * 2 ** 24 + 10 * 2 ** 16;
  return {
    groups: new MulticastGroups({
      firstAddress,
      addresses,
      port: 8002,
      ttl: 16,
      socket,
      routeError: () => Promise.resolve(routeError),
      clock,
      log,
      cname: 'weir',
      total,
    }),
    sent,
    log,
    total,
    clock,
  };
}

function addressOf(group: ReturnType<MulticastGroups['take']>): string {
  return group instanceof WeirError ? group.code : group.address;
}

function portsOf(group: ReturnType<MulticastGroups['take']>): readonly number[] {
  return group instanceof WeirError ? [] : group.ports;
}

function kinds(sent: readonly Sent[]): readonly string[] {
  return sent.map(
    ({ packet, to }) =>
      `${to.port} ${parseRtcp(packet)
        .packets.map(({ kind }) => kind)
        .join(', ')}`,
  );
}
