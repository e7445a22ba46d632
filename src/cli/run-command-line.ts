/** Does what the command line says, and returns the exit code: 0 done, 1 failed, 2 usage or configuration. */
import type { Log } from '../base/log.ts';
import { processLog } from '../base/process-log.ts';
import { VERSION } from '../base/version.ts';
import type { Environment } from '../config/environment.ts';
import { WeirError } from '../core/errors.ts';
import { checkConfiguration } from './check.ts';
import { HELP, parseCommandLine } from './command-line.ts';
import { errorText, withErrorsSaid } from './outcome.ts';

export async function runCommandLine(args: readonly string[], env: Environment): Promise<number> {
  const command = parseCommandLine(args);
  switch (command.kind) {
    case 'help':
      console.log(HELP);
      return 0;
    case 'version':
      console.log(`weir ${VERSION} on Node ${process.versions.node}`);
      return 0;
    case 'usage':
      console.error(`weir: ${command.message}\n\n${HELP}`);
      return 2;
    case 'check':
      return await check(command.configFile, env);
    case 'run':
      return await run(command.configFile, env);
    case 'probe': {
      const { runProbe } = await import('./probe/probe-command.ts');
      return await withErrorsSaid(() => runProbe(command, quietLog(env)));
    }
    case 'pull': {
      const { pull } = await import('./pull/pull-command.ts');
      return await withErrorsSaid(() => pull(command, quietLog(env)));
    }
    case 'push': {
      const { push } = await import('./push/push-command.ts');
      return await withErrorsSaid(() => push(command, quietLog(env)));
    }
    default:
      return command satisfies never;
  }
}

/** Only warnings, unless the environment wants more: what a command has to say it says by itself. */
function quietLog(env: Environment): Log {
  return processLog({ WEIR_LOG_LEVEL: 'warn', ...env }).log;
}

/** Loads the server only when it is to run. */
async function run(file: string | undefined, env: Environment): Promise<number> {
  const { runServer } = await import('./run-server.ts');
  return await runServer(file, env, processLog(env));
}

async function check(file: string | undefined, env: Environment): Promise<number> {
  try {
    for (const line of await checkConfiguration({ file, env, folder: process.cwd() })) console.log(line);
    return 0;
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    console.error(errorText(error));
    return 2;
  }
}
