import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import type { Tx } from '../database/transactions/tx.js';
import { StorageFull } from '../errors.js';
import { hasRoom, storageBoundsFor, addStored, type Stored } from './stored.js';

/**
 * Counts what the database stores for an owner, for requests that pay nothing. The count is in the wallet's
 * row, which every paid request changes anyway.
 */
@Injectable()
export class StorageService {
  constructor(@Inject(CONFIG) private readonly config: Config) {}

  /**
   * Counts what the same transaction saves, and returns its number, which is higher than all earlier numbers
   * of the owner. The wallet's row is locked until the commit, so readers see the numbers of an owner in
   * order. Throws `StorageFull`, and changes nothing, if there is no room.
   */
  async add(tx: Tx, ownerId: string, added: Stored): Promise<number> {
    const [wallet] = await tx.write<{ ordinal: number }>(
      `/* wallet.store */ UPDATE wallets SET last_ordinal = last_ordinal + 1, ${addStored('$2', '$3')}
       WHERE owner_id = $1 AND ${hasRoom('$2', '$3', '$4', '$5')} RETURNING last_ordinal AS ordinal`,
      [ownerId, added.bytes, added.conversations, ...storageBoundsFor(this.config, added)],
    );
    if (!wallet) throw new StorageFull();
    return wallet.ordinal;
  }

  /**
   * Locks the owner's count. Nothing can be saved for the owner until the transaction ends, so the caller can
   * measure what it is about to delete. Lock order, against deadlocks: the conversation, the wallet, the turns.
   */
  async lock(tx: Tx, ownerId: string): Promise<void> {
    await tx.write(
      `/* wallet.lock */ UPDATE wallets SET stored_bytes = stored_bytes WHERE owner_id = $1 RETURNING owner_id`,
      [ownerId],
    );
  }

  /** Subtracts what was deleted from the count. */
  async remove(tx: Tx, ownerId: string, removed: Stored): Promise<void> {
    await tx.write(
      `/* wallet.unstore */ UPDATE wallets SET stored_bytes = stored_bytes - $2,
         conversation_count = conversation_count - $3 WHERE owner_id = $1 RETURNING owner_id`,
      [ownerId, removed.bytes, removed.conversations],
    );
  }
}
