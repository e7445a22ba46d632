/** What GET_PARAMETER tells of a session (RFC 2326 §10.8), by name. The names are always the same; before there is a value it is 0. */
import type { ServerSession } from '../../core/rtsp/server/session.ts';
import { compactUtc } from '../../core/time/civil.ts';
import type { StreamRegistry } from '../../stream/stream.ts';
import type { Media } from './session-media.ts';
import { PublisherSession } from './publisher-session.ts';
import { ReaderSession } from './reader-session.ts';

export function sessionParameters(
  session: ServerSession,
  media: Media | undefined,
  registry: StreamRegistry,
): ReadonlyMap<string, string> {
  const values = session.purpose === 'play' ? ofReader(media) : ofPublisher(session.stream, media, registry);
  return new Map(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function ofReader(media: Media | undefined): Readonly<Record<string, string | number>> {
  const reader = media instanceof ReaderSession ? media : undefined;
  const { sentUpToUtcMs, packets = 0, bytes = 0, losses, reported } = reader ?? {};
  return {
    /** When the newest that was sent came to us. */
    position: sentUpToUtcMs === undefined ? 'npt=now' : `clock=${compactUtc(sentUpToUtcMs)}`,
    packets_sent: packets,
    bytes_sent: bytes,
    frames_dropped: losses?.batches ?? 0,
    // What it says itself.
    packets_lost: reported?.lost ?? 0,
    jitter: (reported?.jitterMs ?? 0) / 1000,
  };
}

function ofPublisher(
  name: string,
  media: Media | undefined,
  registry: StreamRegistry,
): Readonly<Record<string, number>> {
  const publisher = media instanceof PublisherSession ? media : undefined;
  const stream = publisher && registry.list().find((one) => one.name === name);
  const lost = stream?.status().tracks.reduce((sum, track) => sum + track.lost, 0);
  return { packets_received: publisher?.packets ?? 0, bytes_received: publisher?.bytes ?? 0, packets_lost: lost ?? 0 };
}
