/**
 * Whether a connection begins with TLS (RFC 8446 §5.1), as that of a client does that was given rtsps:// for a port that speaks RTSP: it
 * waits for an answer in TLS, and would do so until it gives up.
 *
 *     22 handshake   3.x version   length:u16 …
 */
export function isTlsHello(first: Uint8Array): boolean {
  return first[0] === 22 && first[1] === 3;
}
