/** Looks into a payload that should be one small NAL unit, for others behind start codes (V380 sends SPS, PPS and IDR as one: ret#68). */
import type { Peek } from '../codec.ts';
import { PEEK_NOTHING, peekOf } from '../peek.ts';
import { findStartCode } from './annex-b.ts';

/** `peekOne` judges the NAL unit whose header is at `offset`. */
export function peekAnnexB(payload: Uint8Array, peekOne: (payload: Uint8Array, offset: number) => Peek): Peek {
  let key = false;
  let parameterSets = false;
  for (let code = findStartCode(payload); code !== -1; code = findStartCode(payload, code + 3)) {
    const peek = code + 3 < payload.length ? peekOne(payload, code + 3) : PEEK_NOTHING;
    key ||= peek.key;
    parameterSets ||= peek.parameterSets;
  }
  return peekOf(key, parameterSets);
}
