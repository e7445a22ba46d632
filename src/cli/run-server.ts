/** `weir`: runs the server until a signal ends it. */
import { startWeir } from '../app.ts';
import type { Log } from '../base/log.ts';
import type { ProcessLog } from '../base/process-log.ts';
import { unknownVariables } from '../config/environment.ts';
import type { Environment } from '../config/environment.ts';
import { keyTree } from '../config/key-tree.ts';
import { WeirError } from '../core/errors.ts';
import { buildPage } from './build-page.ts';
import { SAME_SIGNAL_MS } from './outcome.ts';

/** How long closing may take before the process ends all the same: recordings are written within a second or two. */
const CLOSE_MS = 15_000;

/** Ends the process when it is done; returns only with the exit code of a start that failed. */
export async function runServer(
  configFile: string | undefined,
  env: Environment,
  { log, flush }: ProcessLog,
): Promise<1 | 2> {
  endOnFault(log, flush);
  // Who read our banner may have left: no reason to end.
  process.stdout.on('error', () => {});
  for (const variable of unknownVariables(env, keyTree()))
    log.warn({ variable }, 'this environment variable means nothing to weir');
  const ended = signalled(log, flush);
  await buildPage(log);
  let weir: Awaited<ReturnType<typeof startWeir>>;
  try {
    weir = await startWeir({ configFile, env, log });
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    log.error({ code: error.code, remedy: error.row.remedy }, error.describe());
    flush();
    return error.code.startsWith('config-') ? 2 : 1;
  }
  console.log(weir.banner);
  await ended;
  const sinceMs = performance.now();
  await closeWithin(CLOSE_MS, weir.close(), log);
  log.info({ ms: Math.round(performance.now() - sinceMs) }, 'stopped');
  flush();
  // What still stands now (a close that hangs, a socket that its peer holds) has had its time.
  process.exit(0);
}

/** Resolves at the first signal; a second ends the process at once. */
function signalled(log: Log, flush: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let firstMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      log.info({ signal }, 'closing; once more to end at once');
      resolve();
    } else if (performance.now() - firstMs > SAME_SIGNAL_MS) {
      flush();
      process.exit(1);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return promise;
}

/** A close that hangs must not keep the process. */
async function closeWithin(ms: number, closed: Promise<void>, log: Log): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(() => resolve('late'), ms);
  const how = await Promise.race([closed.then(() => 'closed' as const), late]);
  clearTimeout(timer);
  if (how === 'late') log.error({ ms }, 'closing takes too long; the process ends without it');
}

/** A fault of the program: said, and the process ends, since nothing that it holds can be trusted. A supervisor starts it again. */
function endOnFault(log: Log, flush: () => void): void {
  process.on('uncaughtException', (error) => {
    log.error({ code: 'internal', error }, 'a fault of weir itself');
    flush();
    process.exit(1);
  });
}
