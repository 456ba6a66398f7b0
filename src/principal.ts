/** Who is calling, and by what credential. */
export interface Principal {
  readonly userId: string;
  /** The row that the credential stands for: what logging out revokes. */
  readonly credentialId: string;
  readonly kind: 'access_token' | 'jwt';
}
