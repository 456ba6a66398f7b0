import { Injectable } from '@nestjs/common';
import { ProcessLease } from '../../database/process-lease.js';
import { ReadConnection } from '../../database/read-connection.js';
import type { Tx } from '../../database/transactions/tx.js';
import { nowMicros } from '../../time.js';

/**
 * Records that the owner of an open hold wants its answer stopped. Any process can set the mark on the hold's
 * row, and the process that produces the answer polls for it. A row works behind every connection pooler and
 * survives a lost connection. A PostgreSQL notification does neither.
 */
@Injectable()
export class HoldStops {
  constructor(
    private readonly reader: ReadConnection,
    private readonly lease: ProcessLease,
  ) {}

  /** Asks for a stop. Returns false, and changes nothing, if the owner has no such hold or it is no longer open. */
  async requestStop(tx: Tx, ownerId: string, holdId: string): Promise<boolean> {
    const open = await tx.write(
      `/* hold.stop */ UPDATE holds SET stop_asked_at = coalesce(stop_asked_at, $3)
       WHERE id = $1 AND owner_id = $2 AND coalesce(state, '') = 'open' RETURNING id`,
      [holdId, ownerId, nowMicros()],
    );
    return open.length > 0;
  }

  /** Returns the ids of this process's open holds whose owners asked for a stop. */
  async requestedStops(): Promise<string[]> {
    const rows = await this.reader.read<{ id: string }>(
      `/* hold.stops */ SELECT id FROM holds
       WHERE process_id = $1 AND stop_asked_at IS NOT NULL AND state = 'open'`,
      [this.lease.id],
    );
    return rows.map(({ id }) => id);
  }
}
