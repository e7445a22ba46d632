/** Counts the RTP packets of channel 0 in the bytes of one RTSP connection, and those whose numbers are missing. */
const FRAME_HEAD = 4;
/** Up to the end of RTP's sequence number. */
const HEAD_NEEDED = FRAME_HEAD + 4;
const DOLLAR = 0x24;

export class PacketCounter {
  packets = 0;
  lost = 0;
  /** Bytes that were no frame: the connection is out of step. */
  strays = 0;
  #next: number | undefined;
  /** Of the frame in hand, still to come. */
  #left = 0;
  /** The head of a frame that straddles chunks. */
  #head = Buffer.alloc(0);

  push(chunk: Buffer): void {
    let at = Math.min(this.#left, chunk.length);
    this.#left -= at;
    while (at < chunk.length) {
      const head = this.#head.length === 0 ? chunk.subarray(at) : Buffer.concat([this.#head, chunk.subarray(at)]);
      const before = this.#head.length;
      if (head.length < HEAD_NEEDED) {
        this.#head = Buffer.from(head);
        return;
      }
      this.#head = Buffer.alloc(0);
      const end = at - before + this.#frame(head);
      this.#left = Math.max(0, end - chunk.length);
      at = Math.min(end, chunk.length);
    }
  }

  /** Its length. */
  #frame(head: Buffer): number {
    if (head[0] !== DOLLAR) {
      this.strays += 1;
      return 1;
    }
    if (head[1] === 0) this.#count(head.readUInt16BE(FRAME_HEAD + 2));
    return FRAME_HEAD + head.readUInt16BE(2);
  }

  #count(sequence: number): void {
    this.packets += 1;
    if (this.#next !== undefined) this.lost += (sequence - this.#next) & 0xffff;
    this.#next = (sequence + 1) & 0xffff;
  }
}
