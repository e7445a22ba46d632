/** What fmtp says of LATM (RFC 6416 §7.3): whether the config is in-band, or stands there. */
import { bytesOfHex } from '../../bytes/hex.ts';
import { parseStreamMuxConfig } from './stream-mux-config.ts';
import type { StreamMuxConfig } from './stream-mux-config.ts';

/** `cpresent` is 1 where it is not said. Some senders leave it out and send a config all the same: that one counts. */
export function isConfigInBand(fmtp: ReadonlyMap<string, string>): boolean {
  return (fmtp.get('cpresent')?.trim() ?? (fmtp.has('config') ? '0' : '1')) !== '0';
}

export function configInFmtp(fmtp: ReadonlyMap<string, string>): StreamMuxConfig | undefined {
  const bytes = bytesOfHex(fmtp.get('config')?.trim() ?? '');
  return bytes === undefined ? undefined : parseStreamMuxConfig(bytes);
}
