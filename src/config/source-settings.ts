/**
 * `source:` of a stream and the keys that go with it.
 *
 *     publish                                  takeover
 *     test-pattern
 *     file:intro.mp4                           a file in the files folder, and nowhere else
 *     rtsp://user:password@host:port/path      transport, timeouts
 *     rtsps://user:password@host:port/path     fingerprint too
 */
import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { redactUrl } from '../base/redact.ts';
import { WeirError } from '../core/errors.ts';
import { parseRtspUrl } from '../core/rtsp/wire/rtsp-url.ts';
import type { ConfigFault, KeyPath } from './fault.ts';
import type { Config } from './schema.ts';
import type { SourceSettings, SourceTransport } from './settings.ts';

export type WrittenStream = Config['streams'][string];

const DEFAULT_TIMEOUTS = { connect: 10_000, firstByte: 15_000, idle: 10_000 } as const;

/** The source, or what is wrong with it. `path` is the stream's. */
export function sourceSettings(
  written: WrittenStream,
  filesFolder: string,
  path: KeyPath,
): SourceSettings | ConfigFault {
  const { source } = written;
  const kind = kindOf(source);
  const stray = kind === undefined ? undefined : strayKey(written, kind);
  if (stray !== undefined) {
    return {
      path: [...path, stray.key],
      what: 'key',
      message: `this goes with ${stray.goesWith} only, not with ${kind}`,
    };
  }
  switch (kind) {
    case 'publish':
      return { kind, takeover: written.takeover ?? true };
    case 'test-pattern':
      return { kind };
    case 'file':
      return fileSource(source.slice('file:'.length), filesFolder, path);
    case 'rtsp':
      return rtspSource(written, path);
    case undefined:
      return fault(path, `'${redactUrl(source)}' is no source`, KINDS);
    default:
      return kind satisfies never;
  }
}

const KINDS = 'publish, test-pattern, file:name.mp4 or rtsp://user:password@host:port/path';

function kindOf(source: string): SourceSettings['kind'] | undefined {
  if (source === 'publish' || source === 'test-pattern') return source;
  if (source.startsWith('file:')) return 'file';
  return /^rtsp[sx]?:\/\//i.test(source) ? 'rtsp' : undefined;
}

function strayKey(
  written: WrittenStream,
  kind: SourceSettings['kind'],
): { readonly key: string; readonly goesWith: string } | undefined {
  if (written.takeover !== undefined && kind !== 'publish') return { key: 'takeover', goesWith: 'publish' };
  if (written.transport !== undefined && kind !== 'rtsp') return { key: 'transport', goesWith: 'rtsp://' };
  if (written.fingerprint !== undefined && kind !== 'rtsp') return { key: 'fingerprint', goesWith: 'rtsps://' };
  if (written.timeouts !== undefined && kind !== 'rtsp') return { key: 'timeouts', goesWith: 'rtsp://' };
  if (written.onDemand === true && kind === 'publish') return { key: 'onDemand', goesWith: 'sources that weir opens' };
  return undefined;
}

function fileSource(name: string, filesFolder: string, path: KeyPath): SourceSettings | ConfigFault {
  const file = resolve(filesFolder, name);
  const inside = name !== '' && !name.includes('\0') && liesIn(file, filesFolder);
  if (!inside || !liesIn(realPath(file), realPath(filesFolder))) {
    return fault(
      path,
      `'file:${name}' leads out of the files folder`,
      'file:name.mp4, a file in the folder that `files` names',
    );
  }
  return { kind: 'file', path: file };
}

function liesIn(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Links followed, as far as it exists: what is not there yet is judged by its name. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function rtspSource(written: WrittenStream, path: KeyPath): SourceSettings | ConfigFault {
  const url = parseRtspUrl(written.source);
  if (url instanceof WeirError) {
    const expected = 'rtsp://user:password@host:port/path, with / and ? in a password written %2F and %3F';
    return fault(path, `'${redactUrl(written.source)}' cannot be used: ${url.message}`, expected);
  }
  const { transport = 'auto', fingerprint } = written;
  const clear = url.secure ? mediaInTheClear(transport) : undefined;
  if (clear !== undefined) {
    const expected = 'auto, tls, tcp or http: what comes over UDP is not encrypted';
    return {
      path: [...path, 'transport'],
      what: 'value',
      message: `${clear} does not go with rtsps://`,
      expected,
    };
  }
  if (fingerprint !== undefined && !url.secure && transport !== 'tls') {
    return { path: [...path, 'fingerprint'], what: 'key', message: 'this goes with rtsps:// only, not with rtsp://' };
  }
  const { connect, firstByte, idle } = written.timeouts ?? DEFAULT_TIMEOUTS;
  const timeouts = { connectMs: connect, firstByteMs: firstByte, idleMs: idle };
  return {
    kind: 'rtsp',
    url: written.source,
    transport,
    ...(fingerprint !== undefined && { fingerprint }),
    timeouts,
  };
}

function mediaInTheClear(transport: SourceTransport): SourceTransport | undefined {
  return transport === 'udp' || transport === 'multicast' ? transport : undefined;
}

function fault(path: KeyPath, message: string, expected: string): ConfigFault {
  return { path: [...path, 'source'], what: 'value', message, expected };
}
