import type { ModelSettings } from '../config/models-file.js';
import type { Principal } from '../principal.js';

/**
 * Checks whether a caller may use a model. `keys` lists API keys by their ids, because owners choose the names. A
 * model with `keys` refuses every other credential. `scopes` are required of API keys only; sessions have all
 * scopes.
 */
export function mayUse(
  { keys, scopes }: Pick<ModelSettings, 'keys' | 'scopes'>,
  { credentialId, kind, key }: Principal,
): boolean {
  if (keys && !(kind === 'api_key' && keys.some((id) => id.toLowerCase() === credentialId)))
    return false;
  return kind !== 'api_key' || !scopes || scopes.every((scope) => key?.scopes.includes(scope));
}
