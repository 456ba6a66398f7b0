import type { Tx } from '../database/transactions/tx.js';
import { ValidationFailed } from '../errors.js';

const NO_WALLET =
  'This user has no wallet yet. An import of the user is running or was interrupted: run it to its end.';

/** Throws `ValidationFailed` if the owner has no wallet. An import creates the wallet last. */
export async function assertWalletExists(tx: Tx, ownerId: string): Promise<void> {
  const [wallet] = await tx.read(
    `/* wallet.exists */ SELECT owner_id FROM wallets WHERE owner_id = $1`,
    [ownerId],
  );
  if (!wallet) throw new ValidationFailed({ non_field_errors: [NO_WALLET] });
}
