/** What the routes of the API know of the rest of the house. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../base/clock.ts';
import type { Metrics } from '../../../base/metrics.ts';
import type { StreamSettings } from '../../../config/settings.ts';
import type { Archive } from '../../../stream/archive.ts';
import type { StreamRegistry } from '../../../stream/stream.ts';
import type { Authenticator } from '../authenticator.ts';
import type { Sessions } from './session-report.ts';
import type { RecordingStatus } from './stream-report.ts';

export interface ApiContext {
  readonly version: string;
  /** Whether a page of that origin is ours. */
  readonly isOwnOrigin: (origin: string) => boolean;
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  readonly registry: StreamRegistry;
  readonly archive: Archive;
  /** What the configuration says of a stream, or of the pattern it was made from. */
  readonly settingsOf: (stream: string) => StreamSettings | undefined;
  /** The folder that file: sources are named from. */
  readonly filesFolder: string;
  readonly recordingOf: (stream: string) => RecordingStatus;
  readonly sessions: Sessions;
  readonly redirects: Redirects;
  readonly metrics: Metrics;
  /** What still keeps weir from doing its work; nothing: it is ready. */
  readonly notReady: () => readonly string[];
}

/** Sends RTSP readers elsewhere. Each returns how many sessions were sent away. */
export interface Redirects {
  /** Undefined: the stream is served here again. */
  readonly redirect: (stream: string, to: string | undefined) => number;
  /** The same of all; `to` has no path. */
  readonly drain: (to: string | undefined) => number;
}

/** The viewer behind a request, and what he may see. */
export interface Viewer {
  readonly sees: (stream: string) => boolean;
}

/** Throws `unauthorized` where users are asked for and the request names none. */
export function viewerOf(context: ApiContext, request: IncomingMessage): Viewer {
  const { authenticator } = context;
  const identity = authenticator.identify(request);
  authenticator.demandIdentity(identity);
  const rights = ['read', 'playback', 'manage'] as const;
  return { sees: (stream) => rights.some((right) => authenticator.may(identity, right, stream)) };
}
