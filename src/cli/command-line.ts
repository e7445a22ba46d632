/** What somebody typed, as a value. */
import { parseArgs } from 'node:util';
import { SOURCE_TRANSPORTS, type SourceTransport } from '../config/settings.ts';

export type Command =
  | { readonly kind: 'run'; readonly configFile: string | undefined }
  | { readonly kind: 'check'; readonly configFile: string | undefined }
  | ProbeCommand
  | PullCommand
  | PushCommand
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }
  /** What is wrong, for standard error. */
  | { readonly kind: 'usage'; readonly message: string };

export interface ProbeCommand {
  readonly kind: 'probe';
  readonly url: string;
  readonly json: boolean;
  /** How long media is looked at. */
  readonly forMs: number;
  /** Where the diagnostic bundle goes. */
  readonly bundle: string | undefined;
  readonly transport: SourceTransport;
  /** SHA-256 of the certificate that an rtsps:// server is to show; undefined: one that a known authority signed. */
  readonly fingerprint: string | undefined;
}

export interface PullCommand {
  readonly kind: 'pull';
  readonly url: string;
  readonly file: string;
  /** Media time; undefined: until it ends or is told to. */
  readonly forMs: number | undefined;
  readonly force: boolean;
  readonly transport: SourceTransport;
  /** SHA-256 of the certificate that an rtsps:// server is to show; undefined: one that a known authority signed. */
  readonly fingerprint: string | undefined;
}

export interface PushCommand {
  readonly kind: 'push';
  readonly file: string;
  readonly url: string;
  readonly loop: boolean;
  readonly transport: PushTransport;
  readonly fingerprint: string | undefined;
}

export const PUSH_TRANSPORTS = ['tcp', 'udp'] as const;
export type PushTransport = (typeof PUSH_TRANSPORTS)[number];

export const HELP = `weir: a streaming server for cameras

  weir [--config FILE]         runs the server
  weir check [--config FILE]   proves the configuration
  weir probe URL               says what a camera or server offers and sends
       [--json] [--bundle FILE] [--for 5s] [--transport ${SOURCE_TRANSPORTS.join('|')}]
  weir pull URL FILE.mp4       saves a stream
       [--for 10s] [--force] [--transport ${SOURCE_TRANSPORTS.join('|')}]
  weir push FILE.mp4 URL       sends a file, as an encoder does
       [--loop] [--transport ${PUSH_TRANSPORTS.join('|')}]
  weir --version
  weir --help

URL is rtsp:// or rtsps://, with user:password@ where they are needed. --fingerprint HEX accepts a certificate by its
SHA-256 fingerprint.

Without --config it reads weir.yml in the current folder, if there is one. Without any, it shows a demo stream and
takes streams that programs on this machine publish. weir.example.yml has every key; each scalar can come from
the environment too: rtsp.listen is WEIR_RTSP_LISTEN. docs/command-line.md says more of probe, pull and push.

Exit codes: 0 done, 1 failed, 2 usage or configuration.
`;

/** Which options a command takes; --help and --version stand for themselves. */
const TAKES = {
  run: ['config'],
  check: ['config'],
  probe: ['json', 'bundle', 'for', 'transport', 'fingerprint'],
  pull: ['for', 'force', 'transport', 'fingerprint'],
  push: ['loop', 'transport', 'fingerprint'],
} as const;

type CommandName = keyof typeof TAKES;
type Values = ReturnType<typeof parse>['values'];

export function parseCommandLine(args: readonly string[]): Command {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const [name = 'run', ...rest] = positionals;
  if (!isCommand(name)) return usage(`There is no command '${name}'.`);
  const takes: readonly string[] = TAKES[name];
  const foreign = Object.keys(values).find((option) => !takes.includes(option));
  if (foreign !== undefined) return usage(`'${name}' takes no --${foreign}.`);
  const empty = Object.entries(values).find(([, value]) => value === '');
  if (empty !== undefined) return usage(`--${empty[0]} names nothing.`);
  return commandOf(name, rest, values);
}

function commandOf(name: CommandName, words: readonly string[], values: Values): Command {
  const expected = { run: [], check: [], probe: ['URL'], pull: ['URL', 'FILE'], push: ['FILE', 'URL'] }[name];
  if (words.length > expected.length) return usage(`'${words.slice(expected.length).join(' ')}' is too much.`);
  const missing = expected.slice(words.length);
  if (missing.length > 0) return usage(`'${name}' needs ${missing.join(' and ')}.`);
  const [first = '', second = ''] = words;
  const { fingerprint } = values;
  if (fingerprint !== undefined && !/^[0-9a-f]{2}(?::?[0-9a-f]{2}){31}$/i.test(fingerprint))
    return usage('--fingerprint takes 64 hexadecimal digits, with or without colons.');
  switch (name) {
    case 'run':
    case 'check':
      return { kind: name, configFile: values.config };
    case 'probe': {
      const transport = oneOf(SOURCE_TRANSPORTS, values.transport ?? 'auto');
      if (transport === undefined) return unknownTransport(SOURCE_TRANSPORTS);
      const forMs = parseDuration(values.for ?? '5s');
      if (forMs === undefined) return unknownTime();
      const { json = false, bundle } = values;
      return { kind: name, url: first, json, forMs, bundle, transport, fingerprint };
    }
    case 'pull': {
      const transport = oneOf(SOURCE_TRANSPORTS, values.transport ?? 'auto');
      if (transport === undefined) return unknownTransport(SOURCE_TRANSPORTS);
      const forMs = values.for === undefined ? undefined : parseDuration(values.for);
      if (values.for !== undefined && forMs === undefined) return unknownTime();
      const { force = false } = values;
      return { kind: name, url: first, file: second, forMs, force, transport, fingerprint };
    }
    case 'push': {
      const transport = oneOf(PUSH_TRANSPORTS, values.transport ?? 'tcp');
      if (transport === undefined) return unknownTransport(PUSH_TRANSPORTS);
      return { kind: name, file: first, url: second, loop: values.loop === true, transport, fingerprint };
    }
    default:
      return name satisfies never;
  }
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      version: { type: 'boolean', short: 'v' },
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      bundle: { type: 'string' },
      transport: { type: 'string' },
      fingerprint: { type: 'string' },
      for: { type: 'string' },
      force: { type: 'boolean' },
      loop: { type: 'boolean' },
    },
  });
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, more than 0; undefined if it is no time. */
function parseDuration(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const ms = Number(match?.[1] ?? 0) * (UNIT_MS[match?.[2] ?? ''] ?? 0);
  return ms > 0 ? ms : undefined;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(TAKES, name);
}

function oneOf<T extends string>(all: readonly T[], text: string): T | undefined {
  return all.find((one) => one === text);
}

function unknownTransport(all: readonly string[]): Command {
  return usage(`--transport is one of ${all.join(', ')}.`);
}

function unknownTime(): Command {
  return usage('--for takes a time as 500ms, 10s, 5m or 2h.');
}

function usage(message: string): Command {
  return { kind: 'usage', message };
}
