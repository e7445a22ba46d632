/** `weir check`: proves the configuration, and the certificate that it names, without running anything. */
import { configFile, loadSettings } from '../config/load-settings.ts';
import type { ConfigOrigin } from '../config/load-settings.ts';
import { unknownVariables } from '../config/environment.ts';
import { keyTree } from '../config/key-tree.ts';
import type { Settings } from '../config/settings.ts';
import { readCertificate } from '../net/certificate.ts';
import { hostPort } from '../net/host-port.ts';

/** The lines to print. Throws what `loadSettings` throws, and `certificate-unusable`. */
export async function checkConfiguration(origin: ConfigOrigin): Promise<readonly string[]> {
  const settings = loadSettings(origin);
  const certificate = await certificateLines(settings);
  const file = configFile(origin);
  const lines = [
    `${file ?? 'No weir.yml: the built-in configuration'} is right.`,
    ...summary(settings),
    ...certificate,
  ];
  for (const name of unknownVariables(origin.env, keyTree()))
    lines.push(`  ${name} in the environment means nothing to weir`);
  return lines;
}

async function certificateLines({ rtsp: { tls } }: Settings): Promise<readonly string[]> {
  if (tls === undefined) return [];
  const { fingerprint, untilUtcMs } = await readCertificate(tls);
  const until = new Date(untilUtcMs).toISOString().slice(0, 10);
  return [
    `  RTSP over TLS listens on ${hostPort(tls.listen.host, tls.listen.port)}, with a certificate until ${until}`,
    `    ${fingerprint}`,
  ];
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
