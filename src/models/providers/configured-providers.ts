import type { Config } from '../../config/config.js';
import type { Metrics } from '../../metrics/metrics.js';
import type { Dialect } from './dialect.js';
import { OpenAiCompatibleProvider } from './openai-compatible.provider.js';
import { ProviderConnection } from './provider-connection.js';
import { ProviderPool, type Endpoint } from './provider-pool.js';
import type { CompletionProvider } from '../provider.js';

/** Returns the providers of the settings, by their names. */
export function providersOf(config: Config, metrics: Metrics): Map<string, CompletionProvider> {
  const providers = new Map<string, CompletionProvider>();
  for (const name of new Set(config.providers.map((settings) => settings.name))) {
    const restMs = config.providerRestSeconds * 1000;
    providers.set(name, new ProviderPool(name, endpointsOf(name, config), restMs, metrics));
  }
  return providers;
}

/** Returns the addresses of a provider, each with its key. */
function endpointsOf(name: string, { providers, proxies }: Config): Endpoint[] {
  const dialects = new Map<string, Dialect>();
  const all = providers.filter((settings) => settings.name === name);
  return all.map((settings, n) => {
    const { baseUrl, apiKey } = settings;
    const connection = new ProviderConnection(baseUrl, apiKey, proxies);
    const provider = new OpenAiCompatibleProvider(settings, connection, dialects);
    const which = all.length > 1 ? ` #${String(n + 1)}` : '';
    return { baseUrl, label: `${name}${which} at ${baseUrl}`, provider };
  });
}
