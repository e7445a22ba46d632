/** What an RTP payload of H.265 begins or holds (RFC 7798 §4.4), without unpacking it. */
import type { Peek } from '../codec.ts';
import { peekAnnexB } from '../nal/peek-annex-b.ts';
import { PEEK_KEY, PEEK_NOTHING, PEEK_SETS, peekOf } from '../peek.ts';
import { NAL_PPS, NAL_VPS, RTP_AP, RTP_FU, isKeyType, nalTypeAt } from './nal-types.ts';

const LAST_SLICE = 31;

export function peekH265(payload: Uint8Array): Peek {
  const type = nalTypeAt(payload, 0);
  if (type === RTP_AP) return peekAggregate(payload);
  if (type === RTP_FU) {
    const header = payload[2] ?? 0;
    if ((header & 0x80) === 0) return PEEK_NOTHING;
    return peekWithin(payload, header & 63);
  }
  return peekWithin(payload, type);
}

/** Sets and SEI are small; where they are not alone, a device sent the byte stream. Type 0 behind zeros is a start code. */
function peekWithin(payload: Uint8Array, type: number): Peek {
  const own = peekType(type);
  if (type <= LAST_SLICE && !(type === 0 && payload[1] === 0)) return own;
  const inside = peekAnnexB(payload, peekAt);
  return peekOf(own.key || inside.key, own.parameterSets || inside.parameterSets);
}

function peekAt(payload: Uint8Array, offset: number): Peek {
  return peekType(nalTypeAt(payload, offset));
}

function peekType(type: number): Peek {
  if (isKeyType(type)) return PEEK_KEY;
  return type >= NAL_VPS && type <= NAL_PPS ? PEEK_SETS : PEEK_NOTHING;
}

function peekAggregate(payload: Uint8Array): Peek {
  let key = false;
  let parameterSets = false;
  for (let at = 2; at + 2 < payload.length; at += 2 + (((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0))) {
    const peek = peekAt(payload, at + 2);
    key ||= peek.key;
    parameterSets ||= peek.parameterSets;
  }
  return peekOf(key, parameterSets);
}
