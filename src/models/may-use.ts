import type { ModelSettings } from '../config/models-file.js';
import type { Principal } from '../principal.js';

/**
 * Whether a model is for this caller. A list of keys names API keys by their ids, since their names are their
 * owners' to choose: it closes the model to all else. A list of scopes is held against API keys; sessions have all.
 */
export function mayUse(
  { keys, scopes }: Pick<ModelSettings, 'keys' | 'scopes'>,
  { credentialId, kind, key }: Principal,
): boolean {
  if (keys && !(kind === 'api_key' && keys.some((id) => id.toLowerCase() === credentialId)))
    return false;
  return kind !== 'api_key' || !scopes || scopes.every((scope) => key?.scopes.includes(scope));
}
