/** The source that `weir pull` reads: the server's own, with its usual times. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { RtspSource } from '../sources/rtsp/rtsp-source.ts';
import type { PullCommand } from './command-line.ts';
import { hash, random } from './outcome.ts';

const TIMEOUTS = { connectMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 };

export function rtspSource({ url, transport, fingerprint }: PullCommand, clock: Clock, log: Log): RtspSource {
  return new RtspSource({
    settings: { kind: 'rtsp', url, transport, fingerprint, timeouts: TIMEOUTS },
    clock,
    log,
    hash,
    random,
  });
}
