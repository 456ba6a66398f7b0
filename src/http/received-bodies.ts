/** Maximum memory of the bodies that are being received, of all requests together. */
const RECEIVED_MAX_BYTES = 134_217_728;

/** Refuses a request whose body is being received. */
type Refuse = () => void;

/**
 * Counts the memory of the bodies that are being received. A body counts for its caller only when it is complete, so a
 * user with many slow requests could fill the memory. Above the maximum, the request that began first is refused: a
 * common body is complete long before it is the oldest.
 */
export class ReceivedBodies {
  /** In the order in which they began. */
  private readonly sizes = new Map<Refuse, number>();
  private bytes = 0;

  constructor(private readonly bytesMax = RECEIVED_MAX_BYTES) {}

  /** Sets the memory that a body takes now. May refuse requests, this one too. */
  set(refuse: Refuse, bytes: number): void {
    this.bytes += bytes - (this.sizes.get(refuse) ?? 0);
    this.sizes.set(refuse, bytes);
    for (const [refuseOldest] of this.sizes) {
      if (this.bytes <= this.bytesMax) return;
      this.remove(refuseOldest);
      refuseOldest();
    }
  }

  /** Counts a body no longer, because it is complete, or its client has left. */
  remove(refuse: Refuse): void {
    this.bytes -= this.sizes.get(refuse) ?? 0;
    this.sizes.delete(refuse);
  }
}
