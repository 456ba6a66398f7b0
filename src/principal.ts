/**
 * The scopes of an API key: `chat` spends, `history` reads and deletes turns, `wallet` reads and fills the wallet.
 */
export const SCOPES = ['chat', 'history', 'wallet'] as const;
export type Scope = (typeof SCOPES)[number];

/** The facts about a caller with an API key. */
interface KeyGrant {
  /** The owner's name for the key, as in logs, turns and the ledger. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The spending cap that the key's requests count against. */
  readonly capId: string;
}

/** The caller, and the credential of the request. */
export interface Principal {
  readonly userId: string;
  /** The id of the credential's row, which logging out deletes. */
  readonly credentialId: string;
  readonly kind: 'access_token' | 'jwt' | 'api_key';
  /** Only for a caller with an API key. */
  readonly key?: KeyGrant | undefined;
}
