/**
 * `source:` of a stream, or several in `sources:`, and the keys that go with them.
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

type Kind = SourceSettings['kind'];
type Sources = readonly [SourceSettings, ...SourceSettings[]];

/** The sources in order of preference, or what is wrong with them. `path` is the stream's. */
export function sourcesOf(written: WrittenStream, filesFolder: string, path: KeyPath): Sources | ConfigFault {
  const { source, sources } = written;
  if (source !== undefined && sources !== undefined)
    return { path: [...path, 'sources'], what: 'key', message: 'this goes instead of source, not beside it' };
  const texts = sources ?? (source === undefined ? [] : [source]);
  const placeOf = (index: number): KeyPath =>
    sources === undefined ? [...path, 'source'] : [...path, 'sources', index];
  const kinds = texts.map(kindOf);
  const found: SourceSettings[] = [];
  for (const [index, text] of texts.entries()) {
    const kind = kinds[index];
    if (kind === undefined) return fault(placeOf(index), `'${redactUrl(text)}' is no source`, KINDS);
    if (kind === 'publish' && sources !== undefined)
      return fault(placeOf(index), 'publish is no source among others', 'a source that weir opens');
    const one = sourceSettings(kind, text, written, filesFolder, placeOf(index));
    if ('message' in one) return one;
    found.push(one);
  }
  const [first, ...others] = found;
  if (first === undefined)
    return { path: [...path, 'source'], what: 'key', message: 'this key is missing', expected: KINDS };
  return strayKey(written, found, path) ?? [first, ...others];
}

function sourceSettings(
  kind: Kind,
  text: string,
  written: WrittenStream,
  filesFolder: string,
  place: KeyPath,
): SourceSettings | ConfigFault {
  switch (kind) {
    case 'publish':
      return { kind, takeover: written.takeover ?? true };
    case 'test-pattern':
      return { kind };
    case 'file':
      return fileSource(text.slice('file:'.length), filesFolder, place);
    case 'rtsp':
      return rtspSource(text, written, place);
    default:
      return kind satisfies never;
  }
}

const KINDS = 'publish, test-pattern, file:name.mp4 or rtsp://user:password@host:port/path';

function kindOf(source: string): Kind | undefined {
  if (source === 'publish' || source === 'test-pattern') return source;
  if (source.startsWith('file:')) return 'file';
  return /^rtsp[sx]?:\/\//i.test(source) ? 'rtsp' : undefined;
}

/** A key that goes with none of the sources. */
function strayKey(written: WrittenStream, sources: readonly SourceSettings[], path: KeyPath): ConfigFault | undefined {
  const has = (kind: Kind): boolean => sources.some((source) => source.kind === kind);
  const kind = sources[0]?.kind ?? '';
  const stray = (key: string, goesWith: string): ConfigFault => ({
    path: [...path, key],
    what: 'key',
    message: `this goes with ${goesWith} only, not with ${kind}`,
  });
  if (written.takeover !== undefined && !has('publish')) return stray('takeover', 'publish');
  if (written.transport !== undefined && !has('rtsp')) return stray('transport', 'rtsp://');
  if (written.fingerprint !== undefined && !has('rtsp')) return stray('fingerprint', 'rtsps://');
  if (written.timeouts !== undefined && !has('rtsp')) return stray('timeouts', 'rtsp://');
  if (written.onDemand === true && has('publish')) return stray('onDemand', 'sources that weir opens');
  if (written.onDemandIdle !== undefined && has('publish')) return stray('onDemandIdle', 'sources that weir opens');
  return undefined;
}

function fileSource(name: string, filesFolder: string, place: KeyPath): SourceSettings | ConfigFault {
  const file = resolve(filesFolder, name);
  const inside = name !== '' && !name.includes('\0') && liesIn(file, filesFolder);
  if (!inside || !liesIn(realPath(file), realPath(filesFolder))) {
    return fault(
      place,
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

function rtspSource(text: string, written: WrittenStream, place: KeyPath): SourceSettings | ConfigFault {
  const url = parseRtspUrl(text);
  const path = place.slice(0, 2);
  if (url instanceof WeirError) {
    const expected = 'rtsp://user:password@host:port/path, with / and ? in a password written %2F and %3F';
    return fault(place, `'${redactUrl(text)}' cannot be used: ${url.message}`, expected);
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
    url: text,
    transport,
    ...(fingerprint !== undefined && { fingerprint }),
    timeouts,
  };
}

function mediaInTheClear(transport: SourceTransport): SourceTransport | undefined {
  return transport === 'udp' || transport === 'multicast' ? transport : undefined;
}

function fault(place: KeyPath, message: string, expected: string): ConfigFault {
  return { path: place, what: 'value', message, expected };
}
