import { Injectable } from '@nestjs/common';
import { ProcessLease } from '../database/process-lease.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { nowMicros } from '../time.js';

/**
 * Whether the owners of open holds still want what these are for. Any process writes it on the hold, and the one
 * that works on it looks: a row serves behind every pooler, and outlives a connection that is lost, as a
 * notification would not.
 */
@Injectable()
export class HoldStops {
  constructor(
    private readonly reader: ReadConnection,
    private readonly lease: ProcessLease,
  ) {}

  /** False where the owner has no such hold, or it is open no longer: then nothing changes. */
  async ask(tx: Tx, ownerId: string, holdId: string): Promise<boolean> {
    const open = await tx.write(
      `/* hold.stop */ UPDATE holds SET stop_asked_at = coalesce(stop_asked_at, $3)
       WHERE id = $1 AND owner_id = $2 AND coalesce(state, '') = 'open' RETURNING id`,
      [holdId, ownerId, nowMicros()],
    );
    return open.length > 0;
  }

  /** The open holds of this process whose owners have asked. */
  async asked(): Promise<string[]> {
    const rows = await this.reader.read<{ id: string }>(
      `/* hold.stops */ SELECT id FROM holds
       WHERE process_id = $1 AND stop_asked_at IS NOT NULL AND state = 'open'`,
      [this.lease.id],
    );
    return rows.map(({ id }) => id);
  }

  /** Whether the hold is still open, as others see it. */
  async isOpen(holdId: string): Promise<boolean> {
    const open = await this.reader.read(
      `/* hold.is_still_open */ SELECT id FROM holds WHERE id = $1 AND coalesce(state, '') = 'open'`,
      [holdId],
    );
    return open.length > 0;
  }
}
