/**
 * Answers and requests that wait in a connection which media goes into as well. How much of what waits is media, the connection cannot tell: so they are
 * summed up on both sides of a mark, which moves on once all before it is on its way.
 */
export class AnswerBacklog {
  #writtenBytes = 0;
  /** Of all that was written. */
  #markBytes = 0;
  #beforeMark = 0;
  #sinceMark = 0;

  /** Media is written. */
  media(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  /** An answer is about to be written; `bufferedBytes`: what waits. Returns how many bytes of answers wait then, at most. */
  answer(bytes: number, bufferedBytes: number): number {
    if (this.#writtenBytes - bufferedBytes >= this.#markBytes) {
      this.#markBytes = this.#writtenBytes;
      this.#beforeMark = this.#sinceMark;
      this.#sinceMark = 0;
    }
    if (bufferedBytes === 0) this.#beforeMark = 0;
    this.#writtenBytes += bytes;
    this.#sinceMark += bytes;
    return this.#beforeMark + this.#sinceMark;
  }
}
