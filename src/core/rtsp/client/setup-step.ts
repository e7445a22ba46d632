/** What the answer to one SETUP makes of a session: a track more, or a reason more why one is left out. */
import { WeirError } from '../../errors.ts';
import type { RtspResponse } from '../wire/message.ts';
import { setupError } from './client-errors.ts';
import type { Delivery, MediaWay } from './client-io.ts';
import { sessionOf, type ClientSession } from './client-session.ts';
import type { SettingUp, SetupFailure } from './client-step.ts';
import { setUpTrack } from './setup-reply.ts';

export interface SetupStep {
  readonly session: ClientSession;
  readonly failure: SetupFailure | undefined;
  /** Of the track that was added. */
  readonly delivery: Delivery | undefined;
}

/** `way`: as was asked for. */
export function afterSetup(state: SettingUp, way: MediaWay, response: RtspResponse, label: string): SetupStep {
  const { session, next, failure } = state;
  const planned = session.plan.tracks[next];
  if (planned === undefined) return { session, failure, delivery: undefined };
  const isFine = response.status === 200;
  const track = isFine ? setUpTrack(planned, next, way, response, label) : setupError(response, label, way);
  const header = session.header ?? sessionOf(response);
  if (!(track instanceof WeirError)) {
    return { session: { ...session, header, tracks: [...session.tracks, track] }, failure, delivery: track.delivery };
  }
  const { section, format } = planned;
  return {
    session: {
      ...session,
      header,
      skipped: [...session.skipped, { section, media: format.media, reason: track.message }],
    },
    failure: failure ?? { error: track, ofWay: isFine || response.status === 461 },
    delivery: undefined,
  };
}
