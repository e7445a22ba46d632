/** From the configuration as written to what the house sees: paths made absolute, defaults filled in, and everything that takes more than one key judged. */
import { resolve, sep } from 'node:path';
import type { ConfigFault, KeyPath } from './fault.ts';
import type { Config } from './schema.ts';
import type {
  AccessSettings,
  KeepSettings,
  ListenAddress,
  RtspSettings,
  Settings,
  StorageSettings,
  StreamSettings,
} from './settings.ts';
import { sourcesOf } from './source-settings.ts';
import type { WrittenStream } from './source-settings.ts';
import { isPattern, patternFault } from './stream-pattern.ts';
import { streamNameFault } from './stream-name.ts';
import { isLoopback } from './values.ts';
import type { WrittenAddress } from './values.ts';

export interface CompleteContext {
  /** What relative paths are relative to. */
  readonly folder: string;
  /** The address of all interfaces: '::' where there is IPv6. */
  readonly anyHost: string;
  /** `file:line` of a stream; undefined if no file was read. */
  readonly declaredAt: ((path: KeyPath) => string) | undefined;
}

/** Completes; what is wrong is appended to `faults`, and the result is then of no use. */
export function completeSettings(config: Config, context: CompleteContext, faults: ConfigFault[]): Settings {
  const dataFolder = resolve(context.folder, config.data);
  const filesFolder = resolve(context.folder, config.files);
  const access = accessSettings(config, faults);
  const storages = storageSettings(config, dataFolder, context, faults);
  const streams =
    context.declaredAt === undefined
      ? startStreams()
      : streamSettings(config, storages, filesFolder, context.declaredAt, faults);
  return {
    dataFolder,
    filesFolder,
    rtsp: rtspSettings(config, access, context, faults),
    http: {
      listen: listenAddress(config.http.listen, access, ['http', 'listen'], context, faults),
      hosts: config.http.hosts.map((host) => host.toLowerCase()),
    },
    hls: { partMs: config.hls.part, segmentMs: config.hls.segment },
    access,
    storages,
    streams,
  };
}

function rtspSettings(
  { rtsp }: Config,
  access: AccessSettings,
  context: CompleteContext,
  faults: ConfigFault[],
): RtspSettings {
  const { udpPort, udpPorts, multicast, tls } = rtsp;
  return {
    listen: listenAddress(rtsp.listen, access, ['rtsp', 'listen'], context, faults),
    tls: tls && {
      listen: listenAddress(tls.listen, access, ['rtsp', 'tls', 'listen'], context, faults),
      certFile: resolve(context.folder, tls.cert),
      keyFile: resolve(context.folder, tls.key),
    },
    udp: udpPort === 'off' ? undefined : { port: udpPort, publisherPorts: udpPorts },
    multicast: multicast && { ...multicast.range, port: multicast.port, ttl: multicast.ttl },
  };
}

/** Of streams that nobody wrote down. */
const ON_DEMAND_IDLE_MS = 10_000;

/** What runs when nothing was said: the demo, recorded for an hour, and whatever anybody on this machine publishes. */
function startStreams(): Map<string, StreamSettings> {
  const common = {
    alternatives: [],
    onDemand: false,
    onDemandIdleMs: ON_DEMAND_IDLE_MS,
    storage: 'main',
    declaredAt: undefined,
  } as const;
  const keep = { ageMs: 3_600_000, bytes: undefined, free: undefined } as const;
  return new Map<string, StreamSettings>([
    ['demo', { ...common, name: 'demo', source: { kind: 'test-pattern' }, record: true, keep }],
    ['**', { ...common, name: '**', source: { kind: 'publish', takeover: true }, record: false, keep }],
  ]);
}

function accessSettings(config: Config, faults: ConfigFault[]): AccessSettings {
  if (config.access === undefined) return { kind: 'local' };
  if (config.access === 'open') return { kind: 'open' };
  const names = new Set<string>();
  for (const [index, user] of config.access.users.entries()) {
    const path = ['access', 'users', index];
    if (names.has(user.name))
      faults.push({ path: [...path, 'name'], what: 'value', message: `'${user.name}' is there twice` });
    names.add(user.name);
    for (const [at, pattern] of (user.streams ?? []).entries()) {
      const wrong = patternFault(pattern);
      if (wrong !== undefined)
        faults.push({
          path: [...path, 'streams', at],
          what: 'value',
          message: `'${pattern}' matches nothing: ${wrong}`,
        });
    }
  }
  return { kind: 'users', users: config.access.users.map((user) => ({ ...user, streams: user.streams })) };
}

/** DESIGN's rule of listening: without `access` this machine only, and another address is a mistake that could be dear. */
function listenAddress(
  written: WrittenAddress,
  access: AccessSettings,
  path: KeyPath,
  context: CompleteContext,
  faults: ConfigFault[],
): ListenAddress {
  const { host, port } = written;
  if (host === undefined) return { host: access.kind === 'local' ? '127.0.0.1' : context.anyHost, port };
  if (access.kind === 'local' && !isLoopback(host)) {
    const message = `'${host}' can be reached from other machines, and nothing says who may do what`;
    faults.push({
      path,
      what: 'value',
      message,
      expected: `access: { users: [ … ] } or access: open beside it, or the address :${port}`,
    });
  }
  return { host, port };
}

function storageSettings(
  config: Config,
  dataFolder: string,
  context: CompleteContext,
  faults: ConfigFault[],
): Map<string, StorageSettings> {
  const storages = new Map<string, StorageSettings>();
  for (const [name, written] of Object.entries(config.storages)) {
    const path = resolve(context.folder, written.path);
    const other = storages.values().find((storage) => overlap(storage.path, path));
    if (other !== undefined) {
      const message = `the folder is that of storage ${other.name}, or lies in it or around it`;
      faults.push({ path: ['storages', name, 'path'], what: 'value', message, expected: 'a folder of its own' });
    }
    const { age, size, free } = written.keep;
    storages.set(name, { name, path, keep: { ageMs: age, bytes: size, free }, syncMs: written.sync });
  }
  if (!storages.has('main')) {
    const keep: KeepSettings = { ageMs: undefined, bytes: undefined, free: { share: 0.05 } };
    storages.set('main', { name: 'main', path: resolve(dataFolder, 'recordings'), keep, syncMs: 10_000 });
  }
  return storages;
}

function overlap(a: string, b: string): boolean {
  return (a + sep).startsWith(b + sep) || (b + sep).startsWith(a + sep);
}

function streamSettings(
  config: Config,
  storages: ReadonlyMap<string, StorageSettings>,
  filesFolder: string,
  declaredAt: (path: KeyPath) => string,
  faults: ConfigFault[],
): Map<string, StreamSettings> {
  const streams = new Map<string, StreamSettings>();
  for (const [name, written] of Object.entries(config.streams)) {
    const path = ['streams', name];
    const nameFault = nameFaultOf(name, written);
    if (nameFault !== undefined) faults.push({ path, what: 'key', message: nameFault });
    const storage = written.storage ?? config.defaults.storage;
    if (!storages.has(storage)) {
      const at = written.storage === undefined ? ['defaults', 'storage'] : [...path, 'storage'];
      faults.push({
        path: at,
        what: 'value',
        message: `there is no storage '${storage}'`,
        expected: [...storages.keys()].join(' or '),
      });
    }
    const sources = sourcesOf(written, filesFolder, path);
    if ('message' in sources) {
      faults.push(sources);
      continue;
    }
    const [source, ...alternatives] = sources;
    const inherited = storages.get(storage)?.keep;
    streams.set(name, {
      name,
      source,
      alternatives,
      record: written.record ?? config.defaults.record,
      onDemand: source.kind === 'publish' ? false : (written.onDemand ?? config.defaults.onDemand),
      onDemandIdleMs: written.onDemandIdle ?? config.defaults.onDemandIdle,
      storage,
      keep: { ageMs: written.keep.age ?? inherited?.ageMs, bytes: written.keep.size, free: undefined },
      declaredAt: declaredAt(path),
    });
  }
  return streams;
}

function nameFaultOf(name: string, written: WrittenStream): string | undefined {
  if (!isPattern(name)) {
    const fault = streamNameFault(name);
    return fault === undefined ? undefined : `'${name.slice(0, 200)}' is not a stream name: ${fault}`;
  }
  if (written.sources !== undefined || written.source !== 'publish')
    return `'${name}' is a pattern, which goes with source: publish only`;
  const fault = patternFault(name);
  return fault === undefined ? undefined : `'${name.slice(0, 200)}' is not a pattern of names: ${fault}`;
}
