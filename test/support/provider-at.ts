import { OpenAiCompatibleProvider } from '../../src/models/providers/openai-compatible.provider.js';
import { ProviderConnection } from '../../src/models/providers/provider-connection.js';

const NO_PROXIES = { httpProxy: '', httpsProxy: '', noProxy: '' };

/** Returns a provider without an app. */
export function createProvider(
  baseUrl: string,
  apiKey?: string,
  limits?: { connectionsMax: number; queueMax: number },
): OpenAiCompatibleProvider {
  const connection = new ProviderConnection(baseUrl, apiKey, NO_PROXIES, limits);
  return new OpenAiCompatibleProvider({ name: 'loopback', apiKey }, connection);
}
