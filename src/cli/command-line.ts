/** What somebody typed, as a value. */
import { parseArgs } from 'node:util';

export type Command =
  | { readonly kind: 'run'; readonly configFile: string | undefined }
  | { readonly kind: 'check'; readonly configFile: string | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  /** What is wrong, for standard error. */
  | { readonly kind: 'usage'; readonly message: string };

export const HELP = `weir: a streaming server for cameras

  weir [--config FILE]         runs the server
  weir check [--config FILE]   proves the configuration
  weir --version
  weir --help

Without --config it reads weir.yml in the current folder, if there is one. Without any, it shows a demo stream and
takes streams that programs on this machine publish. weir.example.yml has every key; each scalar can come from
the environment too: rtsp.listen is WEIR_RTSP_LISTEN.

Exit codes: 0 done, 1 failed, 2 usage or configuration.
`;

export function parseCommandLine(args: readonly string[]): Command {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { kind: 'usage', message: error instanceof Error ? error.message : String(error) };
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const [command = 'run', ...rest] = positionals;
  if (command !== 'run' && command !== 'check') return { kind: 'usage', message: `There is no command '${command}'.` };
  if (rest.length > 0) return { kind: 'usage', message: `'${rest.join(' ')}' is too much.` };
  if (values.config === '') return { kind: 'usage', message: '--config names no file.' };
  return { kind: command, configFile: values.config };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      version: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
