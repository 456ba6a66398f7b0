/** Maximum memory of the bodies that are being received, of all requests together. */
const RECEIVED_MAX_BYTES = 134_217_728;
/** A sender with more than this share of the maximum is the cause. Many senders with less may be the cause together. */
const SHARE_MAX = 1 / 16;

/** Refuses a request whose body is being received. */
type Refuse = () => void;

interface ReceivedBody {
  readonly sender: string;
  readonly bytes: number;
}

/**
 * Counts the memory of the bodies that are being received. A body counts for its caller only when it is complete, so a
 * user with many slow requests could fill the memory. Above the maximum, the sender whose bodies take the most loses
 * the one that began first. If no sender has a large share, the one that began first of all is refused: a common body is
 * complete long before it is the oldest.
 */
export class ReceivedBodies {
  /** In the order in which they began. */
  private readonly bodies = new Map<Refuse, ReceivedBody>();
  private readonly bySender = new Map<string, number>();
  private bytes = 0;

  constructor(private readonly bytesMax = RECEIVED_MAX_BYTES) {}

  /** Sets the memory that a body of this sender takes now. May refuse requests, this one too. */
  set(refuse: Refuse, sender: string, bytes: number): void {
    const before = this.bodies.get(refuse)?.bytes ?? 0;
    this.bodies.set(refuse, { sender, bytes });
    this.add(sender, bytes - before);
    while (this.bytes > this.bytesMax) this.refuseOldestOfLargest();
  }

  /** Counts a body no longer, because it is complete, or its client has left. */
  remove(refuse: Refuse): void {
    const body = this.bodies.get(refuse);
    if (!body) return;
    this.bodies.delete(refuse);
    this.add(body.sender, -body.bytes);
  }

  private add(sender: string, bytes: number): void {
    this.bytes += bytes;
    const total = (this.bySender.get(sender) ?? 0) + bytes;
    if (total > 0) this.bySender.set(sender, total);
    else this.bySender.delete(sender);
  }

  private refuseOldestOfLargest(): void {
    let largest: readonly [sender: string, bytes: number] | undefined;
    for (const one of this.bySender) if (!largest || one[1] > largest[1]) largest = one;
    const culprit = largest && largest[1] > SHARE_MAX * this.bytesMax ? largest[0] : undefined;
    for (const [refuse, { sender }] of this.bodies) {
      if (culprit !== undefined && sender !== culprit) continue;
      this.remove(refuse);
      refuse();
      return;
    }
  }
}
