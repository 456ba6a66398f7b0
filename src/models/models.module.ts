import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { Metrics } from '../metrics/metrics.js';
import { ModelCatalogue } from './model-catalogue.js';
import type { CompletionProvider } from './provider.js';

/** Loads the code that calls providers only if the settings name a provider, because it is slow to load. */
async function providersOf(
  config: Config,
  metrics: Metrics,
): Promise<ReadonlyMap<string, CompletionProvider>> {
  if (config.providers.length === 0) return new Map();
  const configured = await import('./providers/configured-providers.js');
  return configured.providersOf(config, metrics);
}

const catalogue = {
  provide: ModelCatalogue,
  inject: [CONFIG, Metrics],
  useFactory: async (config: Config, metrics: Metrics) =>
    new ModelCatalogue(config, await providersOf(config, metrics)),
};

@Module({ providers: [catalogue], exports: [ModelCatalogue] })
export class ModelsModule {}
