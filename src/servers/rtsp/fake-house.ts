/** For tests: a server on a free port, with a stream `yard` that has video and audio. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Access } from '../../auth/access.ts';
import { WrongPasswordLimiter } from '../../auth/wrong-password-limiter.ts';
import { ManualClock } from '../../base/manual-clock.ts';
import { MemoryLog } from '../../base/memory-log.ts';
import type { AccessSettings } from '../../config/settings.ts';
import { Peer } from './fake-peer.ts';
import { FakeRegistry, FakeStream } from './fake-stream.ts';
import { RtspServer, type RtspServerOptions } from './server.ts';

/** None too few for any machine: each is a request there and its answer back. */
const ROUNDS_MAX = 10_000;

export class House implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly registry = new FakeRegistry();
  readonly log = new MemoryLog();
  readonly yard = new FakeStream('yard');
  readonly #peers: Peer[] = [];
  #server: RtspServer | undefined;

  static async open(access: AccessSettings = { kind: 'open' }, more: Partial<RtspServerOptions> = {}): Promise<House> {
    const house = new House();
    house.registry.streams.set('yard', house.yard);
    let state = 1;
    house.#server = await RtspServer.listen({
      listen: { host: '127.0.0.1', port: 0 },
      registry: house.registry,
      access: new Access(access),
      limiter: new WrongPasswordLimiter(house.clock),
      clock: house.clock,
      log: house.log,
      random: () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      },
      hash: (algorithm, text) =>
        createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
          .update(text)
          .digest('hex'),
      ...more,
    });
    return house;
  }

  get server(): RtspServer {
    if (this.#server === undefined) throw new RangeError('not open');
    return this.#server;
  }

  peer(stream?: string): Peer {
    return this.add(new Peer(this.server.address.port, stream));
  }

  /** Connections that were closed because of their peer, by reason. */
  closedConnections(): Readonly<Record<string, number>> {
    const counts: [string, number][] = [];
    this.server.readMetrics({
      set: (name, labels, value) => {
        if (name === 'weir_rtsp_closed_connections_total' && 'reason' in labels)
          counts.push([String(labels.reason), value]);
      },
    });
    return Object.fromEntries(counts);
  }

  /** Until the server got so far as `condition` says. In between it answers a peer: a bystander, if none is given. */
  async until(what: string, condition: () => boolean, peer?: Peer): Promise<void> {
    if (condition()) return;
    const asking = peer ?? this.peer();
    for (let round = 0; round < ROUNDS_MAX; round++) {
      await asking.ask('OPTIONS');
      if (condition()) return;
    }
    assert.fail(`Until ${what} it was waited for in vain`);
  }

  /** A peer that came another way; it ends with the house. */
  add(peer: Peer): Peer {
    this.#peers.push(peer);
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) peer.socket.destroy();
    await this.server.close();
  }
}
