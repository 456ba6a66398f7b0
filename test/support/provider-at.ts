import { OpenAiCompatibleProvider } from '../../src/models/providers/openai-compatible.provider.js';
import { NO_PROXIES, ProviderConnection } from '../../src/models/providers/provider-connection.js';

/** Returns a provider without an app. */
export function createProvider(
  baseUrl: string,
  apiKey?: string,
  limits?: { connectionsMax: number; queueMax: number },
): OpenAiCompatibleProvider {
  const connection = new ProviderConnection(baseUrl, apiKey, NO_PROXIES, limits);
  return new OpenAiCompatibleProvider({ name: 'loopback', apiKey }, connection);
}
