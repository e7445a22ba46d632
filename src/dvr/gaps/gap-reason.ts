import type { ErrorCode } from '../../core/errors.ts';
import type { GapReason } from '../../stream/archive.ts';

/** Why nothing comes to be recorded, told from the error that a source ended with. */
export function gapReasonOf(code: ErrorCode | undefined): GapReason {
  if (code === 'source-unauthorized') return 'authentication';
  if (code === 'source-unreachable' || code === 'source-host-unknown' || code === 'source-timeout') return 'network';
  return 'source-offline';
}

/** Whether it lies in the recorder that it cannot record: other reasons change with what is known of the source. */
export function isOwnFault(reason: GapReason): boolean {
  switch (reason) {
    case 'disk':
    case 'overload':
    case 'crash':
      return true;
    case 'source-offline':
    case 'authentication':
    case 'network':
    case 'schedule':
    case 'codec':
    case 'shutdown':
      return false;
    default:
      return reason satisfies never;
  }
}

/** Reasons that are over once weir runs and takes the stream up. */
export function isOfWeir(reason: GapReason): boolean {
  return reason === 'shutdown' || reason === 'crash';
}
