/** The packets of a batch as the depacketizers take them: payloads as views of its buffer. */
import { parseRtpHeader, rtpExtension } from '../core/rtp/packet.ts';
import { FRAME_HEADER_BYTES, framedLength } from './framed.ts';
import type { RtpPayload } from '../core/codec/codec.ts';
import type { Batch } from './batch.ts';

export function payloadsOf(batch: Batch): readonly RtpPayload[] {
  const { buffer } = batch;
  const payloads: RtpPayload[] = [];
  let expected: number | undefined;
  for (let at = 0; at < buffer.length; at += framedLength(buffer, at)) {
    const packet = bytesOf(buffer, at + FRAME_HEADER_BYTES, framedLength(buffer, at) - FRAME_HEADER_BYTES);
    const header = parseRtpHeader(packet);
    if (header === undefined) continue; // the relay lets none in
    const payload = {
      payload: packet.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength),
      marker: header.marker,
      ticks: batch.ticks,
      lostBefore: expected === undefined ? batch.lostBefore : (header.sequence - expected) & 0xffff,
    };
    const extension = rtpExtension(packet);
    payloads.push(extension === undefined ? payload : { ...payload, extension });
    expected = (header.sequence + 1) & 0xffff;
  }
  return payloads;
}

/** A plain Uint8Array: views of those cost a third of views of a Buffer. */
function bytesOf(buffer: Buffer, offset: number, length: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length);
}
