/**
 * The composition: the only file that knows every part. It opens them in the order in which they need each other, wires the seams, and
 * closes them so that nothing is left unwritten.
 *
 *     settings ─▶ state ─▶ dvr ─▶ pictures ─▶ streams ─▶ hls ─▶ RTSP and HTTP servers ─▶ sources start
 */
import { createHash, randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { Access } from './auth/access.ts';
import { WrongPasswordLimiter } from './auth/wrong-password-limiter.ts';
import { SystemClock } from './base/clock.ts';
import { watchClockSteps } from './base/clock-steps.ts';
import type { Log } from './base/log.ts';
import { Metrics } from './base/metrics.ts';
import { NewestWork } from './base/newest-work.ts';
import { VERSION } from './base/version.ts';
import { bannerText } from './banner.ts';
import type { Environment } from './config/environment.ts';
import { configFile, loadSettings } from './config/load-settings.ts';
import type { Settings, StreamSettings } from './config/settings.ts';
import { SettingsWatcher } from './config/watch-settings.ts';
import { WeirError } from './core/errors.ts';
import type { HashAlgorithm } from './core/rtsp/digest/challenge.ts';
import { Dvr } from './dvr/dvr.ts';
import { HlsService } from './hls/hls-service.ts';
import { hostPort } from './net/host-port.ts';
import { WebSocketDoor } from './net/websocket-door.ts';
import { openDecoder } from './picture/decoder/open-decoder.ts';
import { Pictures } from './picture/pictures.ts';
import { HttpServer } from './servers/http/http-server.ts';
import { mediaHandler } from './servers/http/media/media-routes.ts';
import { PAGE_FOLDER } from './servers/http/page.ts';
import { RtspServer } from './servers/rtsp/server.ts';
import { FileSource } from './sources/file/file-source.ts';
import { RtspSource } from './sources/rtsp/rtsp-source.ts';
import { State } from './state/state.ts';
import { LiveStreams } from './stream/live-streams.ts';
import type { Source } from './stream/source.ts';
import { StreamRules } from './stream/stream-rules.ts';

export interface WeirOptions {
  /** The file that was asked for; undefined: `weir.yml` in the current folder, if it is there. */
  readonly configFile: string | undefined;
  readonly env: Environment;
  readonly log: Log;
}

export interface RunningWeir {
  /** Where to look and what to type next. */
  readonly banner: string;
  /** Ends everything, nothing unwritten. Idempotent. */
  close(): Promise<void>;
}

const DEMO_CLIP = resolve(import.meta.dirname, '../assets/demo.mp4');

/** Starts the server. Throws a WeirError (configuration, data folder, listening); what was opened by then is closed. */
export async function startWeir({ configFile: file, env, log }: WeirOptions): Promise<RunningWeir> {
  const origin = { file, env, folder: process.cwd() };
  const settings = loadSettings(origin);
  await using opened = new AsyncDisposableStack();
  const clock = new SystemClock();
  const clockSteps = watchClockSteps(clock, log);
  opened.defer(() => clockSteps.cancel());
  let rules = new StreamRules(settings.streams);

  const state = opened.use(await State.open({ dataFolder: settings.dataFolder, clock, log }));
  const keepOf = (stream: string): StreamSettings['keep'] | undefined => rules.settingsOf(stream)?.keep;
  const dvr = opened.use(await Dvr.open({ state, storages: settings.storages, keepOf, clock, log }));
  const { archive } = dvr;
  const pictures = new Pictures({ clock, log, archive, decoder: openDecoder({ clock, log }) });
  opened.defer(() => pictures.close());

  const streams = new LiveStreams({
    clock,
    log,
    random,
    archive,
    numbers: state.numbers,
    hls: settings.hls,
    sourceOf: (stream) => sourceOf(stream, clock, log.child({ stream: stream.name })),
    companionOf: (stream, { record, storage }) => (record ? dvr.record(stream, { storage }) : undefined),
  });
  opened.defer(() => streams.close());
  const hls = new HlsService({ archive, clock });
  opened.defer(() => hls.close());

  const access = new Access(settings.access);
  const limiter = new WrongPasswordLimiter(clock);
  const shared = { registry: streams, access, limiter, clock, log };
  const rtsp = opened.use(await RtspServer.listen({ ...shared, ...settings.rtsp, random, hash }));
  const webSockets = new WebSocketDoor((pipe) => rtsp.accept(pipe, 'websocket'));
  let ready = false;
  const metrics = new Metrics();
  metrics.addProcess();
  metrics.addReader((sink) => rtsp.readMetrics(sink));
  const http = await HttpServer.listen({
    ...shared,
    listen: settings.http.listen,
    hosts: settings.http.hosts,
    accessKind: settings.access.kind,
    version: VERSION,
    archive,
    metrics,
    media: mediaHandler({ registry: streams, archive, hls, pictures, clock, metrics }),
    pageFolder: PAGE_FOLDER,
    upgrades: {
      wants: (request) => WebSocketDoor.asksForRtsp(request),
      take: (request, socket, head) => webSockets.upgrade(request, socket, head),
    },
    filesFolder: settings.filesFolder,
    settingsOf: (stream) => rules.settingsOf(stream),
    recordingOf: (stream) => dvr.status(stream),
    sessions: { list: () => rtsp.sessions(), end: (id) => rtsp.endSession(id) },
    redirects: { redirect: (stream, to) => rtsp.redirect(stream, to), drain: (to) => rtsp.drain(to) },
    storageCounts: () => new Map(dvr.stats().storages.map((counts) => [counts.storage, counts])),
    notReady: () => [
      ...(ready ? [] : ['the streams are being started']),
      ...(rtsp.drainedTo === undefined ? [] : ['everybody is sent to another server']),
    ],
  });
  opened.defer(() => http.close());
  // Before HTTP: its WebSockets end with it.
  opened.defer(() => rtsp.close());
  const [rtspAt, rtspsAt, httpAt] = [rtsp.address, rtsp.tlsAddress, http.address].map(
    (address) => address && hostPort(address.host, address.port),
  );
  log.info({ rtsp: rtspAt, ...(rtspsAt !== undefined && { rtsps: rtspsAt }), http: httpAt }, 'listening');

  const inForce = opened.use(
    new NewestWork(async (changed: Settings) => {
      warnOfLaterKeys(settings, changed, log);
      rules = new StreamRules(changed.streams);
      access.apply(changed.access);
      http.setHosts(changed.http.hosts);
      // Not waited for: its disk may hang, and it says itself what is wrong.
      void rtsp.applyCertificate(changed.rtsp.tls);
      await dvr.applyStorages(changed.storages);
      await streams.apply(changed.streams);
    }),
  );
  await inForce.take(settings);
  ready = true;
  const watcher = new SettingsWatcher({
    origin,
    clock,
    log,
    changed: (changed) => {
      inForce.take(changed).catch((error: unknown) => {
        log.error({ error }, 'the changed configuration could not be taken up as a whole');
      });
    },
  });
  opened.use(watcher);
  // First of all to end: what goes away from here on does so because weir ends.
  opened.defer(() => dvr.beginShutdown());

  const parts = opened.move();
  let closed: Promise<void> | undefined;
  return {
    banner: bannerText({
      version: VERSION,
      rtsp: rtsp.address,
      rtsps: rtsp.tlsAddress,
      http: http.address,
      streams: rules,
      configFile: configFile(origin),
    }),
    close: () => (closed ??= parts.disposeAsync()),
  };
}

/** A row for each kind of source; a publisher's session comes by itself. */
function sourceOf({ name, source }: StreamSettings, clock: SystemClock, log: Log): Source {
  switch (source.kind) {
    case 'rtsp':
      return new RtspSource({ settings: source, clock, log, hash, random });
    case 'file':
      return new FileSource({ path: source.path, clock, log, label: 'file' });
    case 'test-pattern':
      return new FileSource({ path: DEMO_CLIP, clock, log, label: 'test-pattern' });
    case 'publish':
      throw new WeirError('publish-refused', `${name} is given by its publisher`);
    default:
      return source satisfies never;
  }
}

/** Keys whose change waits for the next start: said, so that nobody waits for it. */
function warnOfLaterKeys(now: Settings, changed: Settings, log: Log): void {
  const later = {
    data: (settings: Settings) => settings.dataFolder,
    'rtsp.listen': (settings: Settings) => settings.rtsp.listen,
    'rtsp.tls.listen': (settings: Settings) => settings.rtsp.tls?.listen,
    'http.listen': (settings: Settings) => settings.http.listen,
    hls: (settings: Settings) => settings.hls,
    files: (settings: Settings) => settings.filesFolder,
    access: (settings: Settings) => settings.access.kind,
  };
  for (const [key, value] of Object.entries(later)) {
    if (JSON.stringify(value(now)) === JSON.stringify(value(changed))) continue;
    log.warn({ key }, 'this key is taken up at the next start');
  }
}

/** In [0, 1), unguessable. */
function random(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}

/** RFC 7616 §3.3 */
function hash(algorithm: HashAlgorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');
}
