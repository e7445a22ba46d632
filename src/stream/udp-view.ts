/**
 * A stream as datagrams: the packets of its batches without their frame headers, those that are too large cut at payload level. One view serves all
 * UDP readers, with a running sequence of its own, since cutting makes more packets than the relay counted; where nothing was ever cut, the
 * datagrams are the relay's own bytes.
 *
 *     relay   100 101 [102: 5 KB]         103         104
 *     view    100 101  102 103 104 105    106  copy   107  copy
 */
import type { Codec } from '../core/codec/codec.ts';
import { parseRtpHeader } from '../core/rtp/packet.ts';
import { FRAME_HEADER_BYTES, framedLength } from './framed.ts';
import type { Batch } from './batch.ts';

/** RTP packets above it are cut: what fits an Ethernet frame with IP and UDP headers, and some room for tunnels. */
export const UDP_PACKET_BYTES = 1460;

/** RTP packets, in order. Shared and frozen. */
export type Datagrams = readonly Uint8Array[];

/** One RTP packet of a batch, as it goes out. */
type Cut = readonly Uint8Array[];

export class UdpView {
  readonly #codecOf: (track: number) => Codec | undefined;
  /** By track: how many packets more than the relay the view has numbered, modulo 2^16. */
  readonly #extra: number[] = [];
  readonly #live = new WeakMap<Batch, Datagrams>();

  constructor(codecOf: (track: number) => Codec | undefined) {
    this.#codecOf = codecOf;
  }

  /** The datagrams of a live batch: the same for every reader, made once. Batches of one track come in order; some may be left out. */
  datagrams(batch: Batch): Datagrams {
    let datagrams = this.#live.get(batch);
    if (datagrams === undefined) {
      const cuts = this.#cut(batch);
      const extra = this.#extra[batch.track] ?? 0;
      datagrams = numbered(cuts, extra);
      this.#extra[batch.track] = (extra + extraOf(cuts)) & 0xffff;
      this.#live.set(batch, datagrams);
    }
    return datagrams;
  }

  /** A reader's first batches, numbered so that the next live batch of each track goes on after them. */
  burst(batches: readonly Batch[]): readonly Datagrams[] {
    const cuts = batches.map((batch) => this.#cut(batch));
    const running: number[] = [];
    const extraBefore = (track: number): number => running[track] ?? this.#extra[track] ?? 0;
    batches.forEach(({ track }, i) => {
      running[track] = (extraBefore(track) - extraOf(cuts[i] ?? [])) & 0xffff;
    });
    return batches.map(({ track }, i) => {
      const ofBatch = cuts[i] ?? [];
      const extra = extraBefore(track);
      running[track] = (extra + extraOf(ofBatch)) & 0xffff;
      return numbered(ofBatch, extra);
    });
  }

  #cut({ buffer, track }: Batch): readonly Cut[] {
    const cuts: Cut[] = [];
    for (let at = 0; at < buffer.length; at += framedLength(buffer, at)) {
      const packet = buffer.subarray(at + FRAME_HEADER_BYTES, at + framedLength(buffer, at));
      cuts.push(packet.length <= UDP_PACKET_BYTES ? [packet] : cutPacket(packet, this.#codecOf(track)));
    }
    return cuts;
  }
}

/** Payload pieces behind a copy each of the packet's header; the marker is the last one's. */
function cutPacket(packet: Uint8Array, codec: Codec | undefined): Cut {
  const header = parseRtpHeader(packet);
  if (header === undefined || codec?.split === undefined) return [packet];
  const { payloadOffset, payloadLength } = header;
  const payload = packet.subarray(payloadOffset, payloadOffset + payloadLength);
  const pieces = codec.split(payload, UDP_PACKET_BYTES - payloadOffset);
  if (pieces.length < 2) return [packet];
  return pieces.map((piece, i) => {
    const cut = new Uint8Array(payloadOffset + piece.length);
    cut.set(packet.subarray(0, payloadOffset));
    cut.set(piece, payloadOffset);
    cut[0] = (cut[0] ?? 0) & ~PADDING;
    if (i < pieces.length - 1) cut[1] = (cut[1] ?? 0) & ~MARKER;
    return cut;
  });
}

const PADDING = 0x20;
const MARKER = 0x80;

function extraOf(cuts: readonly Cut[]): number {
  return cuts.reduce((sum, { length }) => sum + length - 1, 0);
}

/** Each packet's own number, moved by `extra` and by what was cut before it: losses stay visible. */
function numbered(cuts: readonly Cut[], extra: number): Datagrams {
  let ahead = extra;
  return cuts.flatMap((cut) => {
    const first = ahead;
    ahead += cut.length - 1;
    return cut.map((packet, i) => (first + i === 0 ? packet : renumbered(packet, first + i)));
  });
}

function renumbered(packet: Uint8Array, ahead: number): Uint8Array {
  // Not `slice`: of a Buffer that is a view.
  const copy = new Uint8Array(packet);
  const sequence = ((((copy[2] ?? 0) << 8) | (copy[3] ?? 0)) + ahead) & 0xffff;
  copy[2] = sequence >> 8;
  copy[3] = sequence;
  return copy;
}
