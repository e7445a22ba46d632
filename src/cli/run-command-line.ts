/** Does what the command line says, and returns the exit code: 0 done, 1 failed, 2 usage or configuration. */
import { processLog } from '../base/process-log.ts';
import { VERSION } from '../base/version.ts';
import type { Environment } from '../config/environment.ts';
import { WeirError } from '../core/errors.ts';
import { checkConfiguration } from './check.ts';
import { HELP, parseCommandLine } from './command-line.ts';

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
      return check(command.configFile, env);
    case 'run':
      return await run(command.configFile, env);
    default:
      return command satisfies never;
  }
}

/** Loads the server only when it is to run. */
async function run(file: string | undefined, env: Environment): Promise<number> {
  const { runServer } = await import('./run-server.ts');
  return await runServer(file, env, processLog(env));
}

function check(file: string | undefined, env: Environment): number {
  try {
    for (const line of checkConfiguration({ file, env, folder: process.cwd() })) console.log(line);
    return 0;
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    console.error(`weir: ${error.row.title} (${error.code})\n${error.describe()}\n${error.row.remedy}`);
    return 2;
  }
}
