/**
 * While a stream lives on a source that is not its first choice: asks those that it would rather have, now and then, whether they are back.
 * Each is asked by a whole attempt, which becomes the stream's as soon as it has shown a picture (proving-attempt.ts): nobody waits for it,
 * and the camera sees one connection.
 */
import { delay } from '../base/clock.ts';
import { WeirError } from '../core/errors.ts';
import { ProvingAttempt } from './proving-attempt.ts';
import type { Clock } from '../base/clock.ts';
import type { RelayAttempt } from './relay.ts';
import type { SourceMember, SourceRun } from './source-member.ts';
import type { StartLimiter } from './start-limiter.ts';

/** Between two questions whether a preferred source is back. */
export const RETURN_PROBE_MS = 60_000;

export interface SourceReturnOptions {
  readonly clock: Clock;
  readonly limiter: StartLimiter;
  /** In order of preference, without the one in use. */
  readonly preferred: readonly SourceMember[];
  /** Makes `member` the source in use, from the packet in hand on. */
  readonly adopt: (member: SourceMember) => RelayAttempt;
  /** Of all attempts. */
  readonly until: AbortSignal;
}

/** Resolves with the attempt that took over, or with undefined once `signal` aborted and nothing is under way any more. */
export async function sourceReturn(options: SourceReturnOptions, signal: AbortSignal): Promise<SourceRun | undefined> {
  const { clock, preferred } = options;
  for (;;) {
    await delay(clock, RETURN_PROBE_MS, signal);
    for (const member of preferred) {
      if (signal.aborted) return undefined;
      const run = member.notBeforeMs === Number.POSITIVE_INFINITY ? undefined : await ask(options, member, signal);
      if (run !== undefined) return run;
    }
    if (signal.aborted) return undefined;
  }
}

async function ask(
  { limiter, adopt, until }: SourceReturnOptions,
  member: SourceMember,
  signal: AbortSignal,
): Promise<SourceRun | undefined> {
  await limiter.take(member.source.host, signal);
  if (signal.aborted) return undefined;
  const attempt = new ProvingAttempt(() => (signal.aborted ? undefined : adopt(member)));
  const run = member.open(until, () => attempt);
  signal.addEventListener('abort', end);
  function end(): void {
    if (!attempt.adopted) run.end();
  }
  await Promise.race([run.ended, attempt.proven]);
  signal.removeEventListener('abort', end);
  if (attempt.adopted) return run;
  const error = await run.ended;
  if (!signal.aborted) member.failed(error ?? new WeirError('source-closed', 'The source ended'));
  return undefined;
}
