/** What a started weir prints: where to look, and what to type next. */
import type { ListenAddress } from './config/settings.ts';
import { hostPort } from './net/host-port.ts';
import type { StreamRules } from './stream/stream-rules.ts';

export interface BannerFacts {
  readonly version: string;
  readonly rtsp: ListenAddress;
  /** Undefined: no TLS. */
  readonly rtsps: ListenAddress | undefined;
  readonly http: ListenAddress;
  readonly streams: StreamRules;
  /** The file in force; undefined: none. */
  readonly configFile: string | undefined;
}

export function bannerText({ version, rtsp, rtsps, http, streams, configFile }: BannerFacts): string {
  const rtspUrl = `rtsp://${hostPort(reachable(rtsp.host), rtsp.port)}`;
  const httpUrl = `http://${hostPort(reachable(http.host), http.port)}`;
  const names = [...streams.exact].map(({ name }) => name);
  const shown = names.includes('demo') ? 'demo' : names[0];
  const views: readonly (readonly [string, string])[] =
    shown === undefined
      ? []
      : [
          ['RTSP', `${rtspUrl}/${shown}`],
          ...(rtsps === undefined
            ? []
            : [['', `rtsps://${hostPort(reachable(rtsps.host), rtsps.port)}/${shown}`] as const]),
          ['HLS', `${httpUrl}/${shown}/index.m3u8`],
          ['still', `${httpUrl}/${shown}/preview.jpg`],
          ['recordings', `${httpUrl}/${shown}/recording_status.json`],
        ];
  const publishable = publishableName(streams);
  const publish: readonly (readonly [string, string])[] =
    publishable === undefined
      ? []
      : [['publish', `ffmpeg -re -i FILE -c copy -f rtsp -rtsp_transport tcp ${rtspUrl}/${publishable}`]];
  const file = configFile ?? 'weir.yml in this folder';
  const lines = [
    ['page', `${httpUrl}/`] as const,
    ...views,
    ...publish,
    [
      'add a camera',
      `write it into ${file}: streams: { lobby: { source: 'rtsp://user:password@camera/path' } }`,
    ] as const,
  ];
  return [`weir ${version}`, ...lines.map(([what, where]) => `  ${what.padEnd(14)}${where}`)].join('\n');
}

/** A name that the configuration lets somebody publish: one that it has, or an example of a pattern ('drone/*': 'drone/NAME'). */
function publishableName(streams: StreamRules): string | undefined {
  const exact = streams.exact.filter(({ source }) => source.kind === 'publish').map(({ name }) => name);
  const examples = streams.patterns.map(({ name }) => name.replaceAll(/\*+/g, 'NAME'));
  // A name of the same form may be one that weir pulls.
  return [...exact, ...examples].find((name) => streams.settingsOf(name)?.source.kind === 'publish');
}

/** An address to type on this machine: all interfaces are none. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}
