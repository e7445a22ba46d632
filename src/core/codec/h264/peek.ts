/** What an RTP payload of H.264 begins or holds (RFC 6184 §5.2), without unpacking it. */
import type { Peek } from '../codec.ts';
import { peekAnnexB } from '../nal/peek-annex-b.ts';
import { PEEK_KEY, PEEK_NOTHING, PEEK_SETS, peekOf } from '../peek.ts';
import { NAL_IDR, NAL_PPS, NAL_SPS, RTP_FU_A, RTP_FU_B, RTP_STAP_A } from './nal-types.ts';

/** Delimiters, SEI and sets are small; a longer unit of these types is a byte stream. Type 0 is a start code. */
const LAST_SMALL = 9;

export function peekH264(payload: Uint8Array): Peek {
  const type = (payload[0] ?? 0) & 31;
  if (type === RTP_STAP_A) return peekAggregate(payload);
  if (type === RTP_FU_A || type === RTP_FU_B) {
    const header = payload[1] ?? 0;
    return (header & 0x80) === 0 ? PEEK_NOTHING : peekNal(payload, 1, header & 31);
  }
  return peekNal(payload, 0, type);
}

function peekNal(payload: Uint8Array, offset: number, type: number): Peek {
  const own = peekType(payload, offset);
  if (type > LAST_SMALL || (type >= 1 && type <= NAL_IDR)) return own;
  const inside = peekAnnexB(payload, peekType);
  return peekOf(own.key || inside.key, own.parameterSets || inside.parameterSets);
}

function peekType(payload: Uint8Array, offset: number): Peek {
  const type = (payload[offset] ?? 0) & 31;
  if (type === NAL_IDR) return PEEK_KEY;
  return type === NAL_SPS || type === NAL_PPS ? PEEK_SETS : PEEK_NOTHING;
}

function peekAggregate(payload: Uint8Array): Peek {
  let key = false;
  let parameterSets = false;
  for (let at = 1; at + 2 < payload.length; at += 2 + (((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0))) {
    const peek = peekType(payload, at + 2);
    key ||= peek.key;
    parameterSets ||= peek.parameterSets;
  }
  return peekOf(key, parameterSets);
}
