/**
 * Walking the packets of a `Batch.buffer`, and framing the same packets for another channel.
 *
 *     '$' channel:u8 length:u16 packet   '$' channel:u8 length:u16 packet  …       RFC 2326 §10.12
 */
export const FRAME_HEADER_BYTES = 4;

/** Length of the frame at `at`, header included. `buffer` is a batch's: whole frames, one after another. */
export function framedLength(buffer: Buffer, at: number): number {
  return FRAME_HEADER_BYTES + buffer.readUInt16BE(at + 2);
}

/** A copy of `buffer` whose frames carry `channel`. */
export function reframed(buffer: Buffer, channel: number): Buffer {
  const copy = Buffer.from(buffer);
  for (let at = 0; at < copy.length; at += framedLength(copy, at)) copy[at + 1] = channel;
  return copy;
}
