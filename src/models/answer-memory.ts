/** Maximum size of all answers together, so that memory is bounded for any number of callers. */
const ALL_MAX_BYTES = 268_435_456;
/** Time that a reader has for an answer before it may be cut because others need its memory. */
const READER_MIN_MS = 60_000;

/** The answers that are in memory, and their size. Those that are sent are in the order in which that began. */
const inMemory = { bytes: 0, sending: new Set<AnswerMemory>() };

/** The memory of one caller's answer, from its first byte until it is sent. Its owner must release it. */
export class AnswerMemory {
  private bytes = 0;
  private isReleased = false;
  private sendingSince = 0;
  private cut: (() => void) | undefined;

  /**
   * Sets the size of this answer. Returns false if all answers together exceed the limit. Before that, the readers
   * that have had a minute are cut, because a slow one could otherwise keep the memory from others.
   */
  resize(bytes: number): boolean {
    if (this.isReleased) return true;
    inMemory.bytes += bytes - this.bytes;
    this.bytes = bytes;
    for (const answer of inMemory.sending) {
      const isRecent = performance.now() - answer.sendingSince < READER_MIN_MS;
      if (inMemory.bytes <= ALL_MAX_BYTES || isRecent) break;
      answer.cut?.();
      answer.release();
    }
    return inMemory.bytes <= ALL_MAX_BYTES;
  }

  /** Marks this answer as on its way to its reader. `cut` closes the reader's connection. */
  startSending(cut: () => void): void {
    if (this.isReleased) return;
    this.sendingSince = performance.now();
    this.cut = cut;
    inMemory.sending.add(this);
  }

  /** Gives the memory back. May be called again. */
  release(): void {
    this.isReleased = true;
    inMemory.sending.delete(this);
    inMemory.bytes -= this.bytes;
    this.bytes = 0;
  }
}
