import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { Tx } from '../database/tx.js';
import { StorageFull } from '../errors.js';
import { fits, roomFor, stores, type Stored } from './stored.js';

/**
 * Counts what the database keeps for a person, where nothing is paid for it. It is counted in the wallet's row, which
 * every paid request changes anyway.
 */
@Injectable()
export class StorageService {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Counts what the same transaction saves, and returns a number for it, after all that was saved for the owner
   * before: the wallet's row is locked until the commit, so readers see the numbers of an owner in their order.
   * Throws `StorageFull`, with nothing changed, where there is no room.
   */
  async add(tx: Tx, ownerId: string, added: Stored): Promise<number> {
    const [wallet] = await tx.write<{ ordinal: number }>(
      `/* wallet.store */ UPDATE wallets SET last_ordinal = last_ordinal + 1, ${stores('$2', '$3')}
       WHERE owner_id = $1 AND ${fits('$2', '$3', '$4', '$5')} RETURNING last_ordinal AS ordinal`,
      [ownerId, added.bytes, added.conversations, ...roomFor(this.config, added)],
    );
    if (!wallet) throw new StorageFull();
    return wallet.ordinal;
  }

  /**
   * Locks the owner's count: nothing is saved for them until the transaction is over, so what is about to be deleted
   * can be measured. Lock order, against deadlocks: the conversation, the wallet, the turns.
   */
  async lock(tx: Tx, ownerId: string): Promise<void> {
    await tx.write(
      `/* wallet.lock */ UPDATE wallets SET stored_bytes = stored_bytes WHERE owner_id = $1 RETURNING owner_id`,
      [ownerId],
    );
  }

  /** Gives back what was deleted. */
  async remove(tx: Tx, ownerId: string, removed: Stored): Promise<void> {
    await tx.write(
      `/* wallet.unstore */ UPDATE wallets SET stored_bytes = stored_bytes - $2,
         conversation_count = conversation_count - $3 WHERE owner_id = $1 RETURNING owner_id`,
      [ownerId, removed.bytes, removed.conversations],
    );
  }
}
