/**
 * The unit of work of the live path: RTP packets of one track, in order, in one frozen buffer that all readers share.
 *
 *     '$' channel:u8 length:u16 packet   '$' channel:u8 length:u16 packet  …       RFC 2326 §10.12
 *
 * The channel is the commonest layout's: 2 × index of the track. SSRC, payload type, sequence number and timestamp are the
 * relay's own and go on without a jump over reconnects; what was lost on the way in stays visible as a gap in the numbers.
 */
export interface Batch {
  /** Index of the track in the stream's list. */
  readonly track: number;
  /** Framed packets. Frozen: written to sockets as it is, never changed. */
  readonly buffer: Buffer;
  readonly packets: number;
  /** When the first packet came: monotonic milliseconds, and the same moment in UTC milliseconds. */
  readonly arrivalMs: number;
  readonly arrivalUtcMs: number;
  /** RTP time of the first packet, unwrapped, on the relay's own continuous line (track ticks). */
  readonly ticks: number;
  /** A random access picture begins in this batch, and at its start nothing older does. */
  readonly key: boolean;
  /** Packets lost between the batch before (of this track) and this one. */
  readonly lostBefore: number;
  /** The last packet carries the marker: the access unit is whole, as far as the sender says. */
  readonly frameEnd: boolean;
}
