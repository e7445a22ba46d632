/** `weir check`: proves the configuration without running anything. */
import { configFile, loadSettings } from '../config/load-settings.ts';
import type { ConfigOrigin } from '../config/load-settings.ts';
import { unknownVariables } from '../config/environment.ts';
import { keyTree } from '../config/key-tree.ts';
import type { Settings } from '../config/settings.ts';
import { hostPort } from '../net/host-port.ts';

/** The lines to print. Throws what `loadSettings` throws. */
export function checkConfiguration(origin: ConfigOrigin): string[] {
  const settings = loadSettings(origin);
  const file = configFile(origin);
  const lines = [`${file ?? 'No weir.yml: the built-in configuration'} is right.`, ...summary(settings)];
  for (const name of unknownVariables(origin.env, keyTree()))
    lines.push(`  ${name} in the environment means nothing to weir`);
  return lines;
}

function summary(settings: Settings): string[] {
  const { rtsp, http, access, streams, storages } = settings;
  const recorded = streams
    .values()
    .filter((stream) => stream.record)
    .toArray().length;
  const who = { local: 'everybody on this machine', open: 'everybody', users: 'the users of access.users' }[
    access.kind
  ];
  return [
    `  RTSP listens on ${hostPort(rtsp.listen.host, rtsp.listen.port)}, HTTP on ${hostPort(http.listen.host, http.listen.port)}, for ${who}`,
    `  ${streams.size} streams, ${recorded} of them recorded`,
    ...storages.values().map((storage) => `  storage ${storage.name} in ${storage.path}`),
  ];
}
