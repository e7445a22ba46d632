/**
 * What lasts as long as a stream or a connection holds no more after many damaged inputs than after a few: the heap is weighed, all that is garbage
 * collected, while the machines are still held.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PAYLOAD_SEEDS, anyExtension, type PayloadSeed } from '../../src/core/codec/damaged-payloads.table.ts';
import { BYTE_PARSERS } from '../../src/core/byte-parsers.table.ts';
import { ServerConnection } from '../../src/core/rtsp/server/connection.ts';
import { generous, newTable } from '../../src/core/rtsp/server/fake-peer.ts';
import { frame } from '../../src/core/rtsp/wire/frame.ts';
import { RtspFramer } from '../../src/core/rtsp/wire/framer.ts';
import { RESUME_WAIT_MS } from '../../src/servers/rtsp/answers.ts';
import { House } from '../../src/servers/rtsp/fake-house.ts';
import { batchOf } from '../../src/servers/rtsp/fake-stream.ts';
import { FUZZ_INPUTS, FUZZ_SEED, anyInput, bytesOfSeed, oneOf } from '../harness/fuzz.ts';
import { below, joined, mutated } from '../harness/mutations.ts';
import { seededRandom } from '../harness/seeded-random.ts';

/** 20,000 in the test run. */
const ROUNDS = FUZZ_INPUTS / 5;
/** Of all rounds, those after which everything has what it ever has. */
const WARM_ROUNDS = ROUNDS / 4;
/** The heap is weighed to about a megabyte. */
const GROWTH_BYTES = 4 * 1024 * 1024;

interface Lasting {
  readonly name: string;
  /** One more damaged input. */
  readonly feed: () => void;
}

const random = seededRandom(FUZZ_SEED);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function weigh(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Buffers are given back beside the program after a collection: what is left once that is over. */
async function weighAtRest(): Promise<number> {
  let least = weigh();
  for (let turn = 0; turn < 20; turn++) {
    await pause(5);
    least = Math.min(least, weigh());
  }
  return least;
}

test(`nothing grows (WEIR_SEED=${FUZZ_SEED})`, () => {
  for (const { name, feed } of [...PAYLOAD_SEEDS.map(depacketizing), framing(), connection(), ...parsers()]) {
    for (let round = 0; round < WARM_ROUNDS; round++) feed();
    const before = weigh();
    for (let round = WARM_ROUNDS; round < ROUNDS; round++) feed();
    const grown = weigh() - before;
    assert.ok(grown < GROWTH_BYTES, `${name} grew by ${grown} bytes`);
  }
});

/** So often another connection begins the reader anew, and is gone before the answer; so often media comes then. */
const SERVED_ROUNDS = 200;
const SERVED_BATCH_BYTES = 60_000;

test('nothing grows that a server holds for a reader whom another connection begins, and leaves', async () => {
  await using house = await House.open();
  const owner = house.peer();
  const session = { Session: (await owner.play([0, 2])).headers.get('Session') ?? '' };
  const deliver = async (): Promise<void> => {
    for (let count = 0; count < 5; count++) house.yard.deliver(batchOf(0, count, count === 0, SERVED_BATCH_BYTES));
    house.clock.advance(1000);
    await owner.ask('OPTIONS');
    owner.frames.length = 0;
  };
  const begin = async (): Promise<void> => {
    await owner.ask('PAUSE', '', session);
    const other = house.peer();
    other.say('PLAY', '', session);
    await house.until('it reads', () => house.yard.readers.size > 0, owner);
    other.socket.destroy();
    await house.until('it is gone', () => house.server.connections.open === 1, owner);
    house.clock.advance(RESUME_WAIT_MS);
    await owner.ask('OPTIONS');
    await deliver();
  };
  for (let count = 0; count < SERVED_ROUNDS / 4; count++) await begin();
  const before = await weighAtRest();
  for (let count = 0; count < SERVED_ROUNDS; count++) await begin();
  for (let count = 0; count < SERVED_ROUNDS; count++) await deliver();
  const grown = (await weighAtRest()) - before;
  assert.ok(grown < GROWTH_BYTES, `grew by ${grown} bytes`);
});

/** Whole and damaged payloads in any order; time goes on, now and then back. */
function depacketizing({ name, codec, format, payloads }: PayloadSeed): Lasting {
  const depacketizer = codec.depacketizer(format);
  let ticks = 0;
  let next = 0;
  return {
    name,
    feed: () => {
      const { payload, marker } = payloads[next % payloads.length] ?? oneOf(payloads, random);
      next += random() < 0.9 ? 1 : below(payloads.length, random);
      if (random() < 0.3) ticks += random() < 0.02 ? below(200_000, random) - 100_000 : 3600;
      depacketizer.push({
        payload: random() < 0.2 ? mutated(payload, random) : payload,
        marker: random() < 0.05 ? !marker : marker,
        ticks,
        lostBefore: random() < 0.03 ? 1 + below(5, random) : 0,
        ...(random() < 0.1 && { extension: anyExtension(random) }),
      });
    },
  };
}

/** One connection after another, each as long as it can be read. */
function framing(): Lasting {
  const wire = joined([frame(0, new Uint8Array(200).fill(0x80)), new TextEncoder().encode('RTSP/1.0 200 OK\r\n\r\n')]);
  let framer = new RtspFramer();
  return {
    name: 'framer',
    feed: () => {
      if (framer.push(mutated(wire, random)).some(({ kind }) => kind === 'error')) framer = new RtspFramer();
    },
  };
}

/** A connection that nobody closes, on which sessions come and go. */
function connection(): Lasting {
  const machine = new ServerConnection(newTable(), '192.0.2.1', { udp: true, multicast: true }, 0);
  const framer = new RtspFramer();
  let nowMs = 0;
  const requests = [
    'SETUP rtsp://h/yard/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n',
    'DESCRIBE rtsp://h/yard RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    'PLAY rtsp://h/yard RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    'TEARDOWN rtsp://h/yard RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n',
  ].map((text) => new TextEncoder().encode(text));
  return {
    name: 'connection',
    feed: () => {
      nowMs += 1000;
      for (const unit of framer.push(oneOf(requests, random))) {
        if (unit.kind !== 'message' || unit.message.kind !== 'request') continue;
        for (const output of machine.push({ kind: 'request', request: unit.message }, nowMs)) {
          const answer = output.kind === 'ask' ? generous(output.ask) : undefined;
          if (answer !== undefined) machine.push({ kind: 'answer', answer }, nowMs);
        }
      }
      machine.push({ kind: 'tick' }, nowMs);
    },
  };
}

/** Those that keep something from input to input: the track over UDP. */
function parsers(): readonly Lasting[] {
  return BYTE_PARSERS.map(({ name, seeds, reader }) => {
    const read = reader();
    const bytes = seeds.map(bytesOfSeed);
    return { name, feed: () => read(anyInput(bytes, random), random) };
  });
}
