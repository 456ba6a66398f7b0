/** Whom a token stands for. */
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

/** What the floor asks of a database, in as few statements as it can do with. */
export interface Store {
  /** Undefined for a token that is unknown, idle for too long, or of someone inactive. */
  callerOf(secret: string): Promise<Caller | undefined>;
  passwordHashOf(username: string): Promise<string>;
  available(ownerId: string): Promise<number>;
  page(ownerId: string, limit: number): Promise<PastTurn[]>;
  /**
   * One transaction for all: a wallet, hold, entry, conversation and turn each. The wallets as they stand
   * after it, by owner; an owner who cannot pay all that they ask here is missing, and pays nothing.
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
