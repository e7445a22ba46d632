import type { ErrorCode } from '../../core/errors.ts';
import type { GapReason } from '../../stream/archive.ts';

/** Why nothing comes to be recorded, told from the error that a source ended with. */
export function gapReasonOf(code: ErrorCode | undefined): GapReason {
  if (code === 'source-unauthorized') return 'authentication';
  if (code === 'source-unreachable' || code === 'source-host-unknown' || code === 'source-timeout') return 'network';
  return 'source-offline';
}

/** Reasons that do not lie in the recorder: they change with what is known of the source. */
export function isUpstream(reason: GapReason): boolean {
  return reason !== 'disk' && reason !== 'overload';
}
