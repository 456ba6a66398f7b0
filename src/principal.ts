/** What an API key may be allowed: to spend, to read and delete what was said, to see and fill the wallet. */
export const SCOPES = ['chat', 'history', 'wallet'] as const;
export type Scope = (typeof SCOPES)[number];

/** What is known of a caller who came with an API key. */
interface KeyGrant {
  /** As the owner calls the key: what logs, turns and the ledger tell of it. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The spending cap that it counts against. */
  readonly capId: string;
}

/** Who is calling, and by what credential. */
export interface Principal {
  readonly userId: string;
  /** The row that the credential stands for: what logging out revokes. */
  readonly credentialId: string;
  readonly kind: 'access_token' | 'jwt' | 'api_key';
  /** Of an API key alone. */
  readonly key?: KeyGrant | undefined;
}
