/**
 * Whatever a server says, in any state, and whenever the connection breaks: a client machine does not throw, ends once, says nothing after that, is over
 * within half a second once it is told to stop, and by itself where the server falls silent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZ_ROUNDS, fuzz, pieces } from '../../../../test/harness/fuzz.ts';
import { below, type Random } from '../../../../test/harness/mutations.ts';
import { WeirError } from '../../errors.ts';
import { RtspFramer, type RtspUnit } from '../wire/framer.ts';
import { parseRtspUrl, type RtspUrl } from '../wire/rtsp-url.ts';
import type { ClientInput, ClientOutput } from './client-io.ts';
import { ClientMachine } from './client-machine.ts';
import { TEARDOWN_WAIT_MS } from './dialogue.ts';
import { hash, TIMEOUTS } from './fake-camera.ts';
import { WildServer } from './fake-wild-server.ts';
import { PublishMachine } from './publish-machine.ts';
import { MAX_CLIENT_TRACKS } from './setup-plan.ts';

const ROUNDS = Math.ceil(FUZZ_ROUNDS / 100);
const STEPS = 40;
const LABEL = 'rtsp://192.0.2.1/live';

/** What both machines take and give. */
type Input =
  | { readonly kind: 'start' | 'connected' | 'closed' | 'tick' | 'stop' }
  | { readonly kind: 'units'; readonly units: readonly RtspUnit[] };
type Output =
  | { readonly kind: 'connect' }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'wake'; readonly atMs: number }
  | { readonly kind: 'end'; readonly error: WeirError | undefined };

interface Machine<Other> {
  readonly state: string;
  push(input: Input, nowMs: number): readonly (Output | Other)[];
}

class Conversation<Other extends { readonly kind: string }> {
  readonly machine: Machine<Other>;
  readonly server: WildServer;
  readonly #random: Random;
  readonly #other: (output: Other) => void;
  #framer = new RtspFramer();
  #connecting = false;
  #wakeMs: number | undefined;
  #ends = 0;
  /** It came as far as media. */
  hadMedia = false;
  nowMs = 1000;

  constructor(machine: Machine<Other>, random: Random, other: (output: Other) => void) {
    this.machine = machine;
    this.server = new WildServer(random);
    this.#random = random;
    this.#other = other;
    this.push({ kind: 'start' });
  }

  get ended(): boolean {
    return this.#ends > 0;
  }

  push(input: Input): void {
    this.take(this.machine.push(input, this.nowMs));
  }

  take(outputs: readonly (Output | Other)[]): void {
    for (const output of outputs) {
      assert.ok(!this.ended || output.kind === 'wake', `${output.kind} after the end`);
      if (isOutput(output)) this.#carryOut(output);
    }
    const { state } = this.machine;
    assert.equal(this.ended, state === 'ended');
    if (state === 'playing' || state === 'recording') this.hadMedia = true;
    // What the edge has to say to that comes after all of it.
    for (const output of outputs) if (!isOutput(output)) this.#other(output);
  }

  /** One thing that happens. */
  step(): void {
    const random = this.#random;
    if (this.#connecting && random() < 0.9) {
      this.#connecting = false;
      this.#framer = new RtspFramer();
      this.server.connected();
      this.push({ kind: 'connected' });
      return;
    }
    const chance = random();
    if (chance < 0.02) this.push({ kind: 'closed' });
    else if (chance < 0.1) this.wait(below(20_000, random));
    else if (chance < 0.15) this.push({ kind: 'tick' });
    else if (chance < 0.2) this.wakeUp();
    else if (!this.#connecting) this.#hear(this.server.say());
  }

  wait(ms: number): void {
    this.nowMs += ms;
    if (this.#wakeMs !== undefined && this.#wakeMs <= this.nowMs) this.wakeUp();
  }

  /** The moment comes that the machine waits for; false if it waits for none. */
  wakeUp(): boolean {
    if (this.#wakeMs === undefined) return false;
    this.nowMs = Math.max(this.nowMs, this.#wakeMs);
    this.#wakeMs = undefined;
    this.push({ kind: 'tick' });
    return true;
  }

  /** Told to stop, it is over at the latest when a TEARDOWN is no longer waited for. */
  stop(): void {
    const stoppedMs = this.nowMs;
    this.push({ kind: 'stop' });
    for (let wakes = 0; wakes < 4 && !this.ended; wakes++) this.wakeUp();
    assert.ok(this.ended && this.nowMs <= stoppedMs + TEARDOWN_WAIT_MS, `still ${this.machine.state}`);
    for (const kind of ['tick', 'stop', 'closed', 'connected', 'start'] as const) this.push({ kind });
    this.#hear(this.server.say());
    assert.equal(this.#ends, 1);
  }

  /** A server that says nothing more: connections are made, and it ends by itself. */
  fallSilent(): void {
    for (let wakes = 0; wakes < 100 && !this.ended; wakes++) {
      if (this.#connecting) {
        this.#connecting = false;
        this.push({ kind: 'connected' });
      } else assert.ok(this.wakeUp() || this.ended, `${this.machine.state} waits for nothing`);
    }
    assert.ok(this.ended, `${this.machine.state} for ever`);
  }

  #hear(bytes: Uint8Array): void {
    for (const piece of pieces(bytes, 1 + below(3000, this.#random), this.#random))
      this.push({ kind: 'units', units: this.#framer.push(piece) });
  }

  #carryOut(output: Output): void {
    switch (output.kind) {
      case 'connect':
        this.#connecting = true;
        return;
      case 'send':
        this.server.hear(output.bytes);
        return;
      case 'wake':
        assert.ok(Number.isFinite(output.atMs));
        this.#wakeMs = output.atMs;
        return;
      case 'end':
        this.#ends += 1;
        assert.equal(this.#ends, 1);
    }
  }
}

function isOutput(output: { readonly kind: string }): output is Output {
  return ['connect', 'send', 'wake', 'end'].includes(output.kind);
}

test('a client that receives', () => {
  let played = 0;
  fuzz('receiving', ROUNDS, (random, round) => {
    const ways = (['tcp', 'udp', 'multicast'] as const).slice(round % 3);
    const options = { url: url(), label: LABEL, userAgent: 'weir', timeouts: TIMEOUTS, hash, nonce: () => 'c' };
    const machine = new ClientMachine({ ...options, ways, keepAlive: 'OPTIONS' });
    const dialogue: Conversation<ClientOutput> = new Conversation<ClientOutput>(machine, random, (output) => {
      for (const input of answersOf(output, random)) dialogue.take(machine.push(input, dialogue.nowMs));
    });
    play(dialogue, random, () => {
      const packets = [Uint8Array.from({ length: below(40, random) }, () => below(256, random))];
      const part = random() < 0.5 ? 'rtp' : 'rtcp';
      dialogue.take(machine.push({ kind: 'datagrams', track: below(3, random), part, packets }, dialogue.nowMs));
    });
    if (round % 2 === 0) dialogue.fallSilent();
    else dialogue.stop();
    if (dialogue.hadMedia) played += 1;
  });
  assert.ok(played > 0, 'not one of them plays');
});

/** Ports that are there at once, or not at all. */
function answersOf(output: ClientOutput, random: Random): readonly ClientInput[] {
  if (output.kind === 'tracks') assert.ok(output.tracks.length <= MAX_CLIENT_TRACKS);
  if (output.kind !== 'bind' && output.kind !== 'join') return [];
  if (random() < 0.1) return [{ kind: 'not-bound', error: new WeirError('source-unreachable', 'no ports') }];
  return output.kind === 'bind' ? [{ kind: 'bound', track: output.track, ports: [5000, 5001] }] : [];
}

test('a client that publishes', () => {
  let recorded = 0;
  fuzz('publishing', ROUNDS / 2, (random, round) => {
    const format = { media: 'audio', clockRate: 8000, channels: 1, fmtp: new Map<string, string>() } as const;
    const machine = new PublishMachine({
      url: url(),
      label: LABEL,
      userAgent: 'weir',
      tracks: [0, 8].map((payloadType) => ({ ...format, payloadType, encoding: 'PCMU', parameters: undefined })),
      ports:
        round % 2 === 0
          ? undefined
          : [
              [5000, 5001],
              [5002, 5003],
            ],
      responseMs: 10_000,
      hash,
      nonce: () => 'c',
    });
    const dialogue = new Conversation(machine, random, () => {});
    play(dialogue, random, () => {});
    dialogue.stop();
    if (dialogue.hadMedia) recorded += 1;
  });
  assert.ok(recorded > 0, 'not one of them records');
});

function play(dialogue: { readonly ended: boolean; step(): void }, random: Random, more: () => void): void {
  for (let steps = below(STEPS, random); steps > 0 && !dialogue.ended; steps--) {
    if (random() < 0.05) more();
    else dialogue.step();
  }
}

function url(): RtspUrl {
  const parsed = parseRtspUrl('rtsp://user:pass@192.0.2.1/live');
  assert.ok(!(parsed instanceof WeirError));
  return parsed;
}
