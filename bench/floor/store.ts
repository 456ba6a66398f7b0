/** The owner of a token. */
export interface Caller {
  readonly credentialId: string;
  readonly userId: string;
}

/** A turn as the history shows it. */
export interface PastTurn {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly response: string;
  readonly model: string;
  readonly status: string;
  readonly tokens: number;
  readonly createdAt: number;
}

/** One chat that waits for its commit. */
export interface Charge extends Caller {
  readonly message: string;
  readonly response: string;
  readonly turnId: string;
  readonly conversationId: string;
  readonly createdAt: number;
}

/** The database access of the floor, in as few statements as possible. */
export interface Store {
  /**
   * Returns the owner of a token. Returns undefined if the token is unknown or idle for too long, or if its user is
   * inactive.
   */
  callerOf(secret: string): Promise<Caller | undefined>;
  passwordHashOf(username: string): Promise<string>;
  available(ownerId: string): Promise<number>;
  page(ownerId: string, limit: number): Promise<PastTurn[]>;
  /**
   * Writes a wallet, hold, entry, conversation and turn for each charge, in one transaction. Returns the wallets
   * after it, by owner. An owner that cannot pay all of its charges is missing and pays nothing.
   */
  charge(charges: readonly Charge[]): Promise<Map<string, PaidWallet>>;
}

/** A wallet after a group of charges. */
export interface PaidWallet {
  readonly ownerId: string;
  readonly balance: number;
  readonly available: number;
  readonly entryCount: number;
  readonly lastOrdinal: number;
}

export const PRICE = 100;
export const TOKEN_IDLE_MICROS = 30 * 86_400 * 1_000_000;
