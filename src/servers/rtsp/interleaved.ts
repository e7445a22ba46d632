/** RTCP of our own, framed for the interleaved stream (RFC 2326 §10.12). Media is framed by the relay. */
export function interleaved(channel: number, payload: Uint8Array): Uint8Array {
  const framed = new Uint8Array(4 + payload.length);
  framed[0] = 0x24; // '$'
  framed[1] = channel;
  framed[2] = payload.length >> 8;
  framed[3] = payload.length;
  framed.set(payload, 4);
  return framed;
}
