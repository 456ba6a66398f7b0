import { SCOPES, type Scope } from '../principal.js';

/** Returns scopes as a key's row stores them: each once, in a fixed order. */
export const scopesToText = (scopes: readonly string[]): string =>
  SCOPES.filter((scope) => scopes.includes(scope)).join(' ');

export function scopesFrom(text: string): Scope[] {
  const words = text.split(' ');
  return SCOPES.filter((scope) => words.includes(scope));
}
