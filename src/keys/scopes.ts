import { SCOPES, type Scope } from '../principal.js';

/** Scopes as a key's row keeps them: each once, in one order. */
export const scopesToText = (scopes: readonly string[]): string =>
  SCOPES.filter((scope) => scopes.includes(scope)).join(' ');

export function scopesFrom(text: string): Scope[] {
  const words = text.split(' ');
  return SCOPES.filter((scope) => words.includes(scope));
}
