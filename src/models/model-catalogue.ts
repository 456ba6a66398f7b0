import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { chainOf } from '../config/fallbacks.js';
import type { ModelSettings } from '../config/models-file.js';
import { ModelNotFound, ValidationFailed } from '../errors.js';
import { Metrics } from '../metrics/metrics.js';
import type { Principal } from '../principal.js';
import { mayUse } from './may-use.js';
import { EchoProvider } from './providers/echo.provider.js';
import { OpenAiCompatibleProvider } from './providers/openai-compatible.provider.js';
import type { Dialect } from './providers/dialect.js';
import { ProviderPool, type Place } from './providers/provider-pool.js';
import { ProviderConnection } from './providers/provider-connection.js';
import type { CompletionProvider } from './providers/provider.js';
import { WatchedProvider } from './providers/watched-provider.js';

const ECHO_TOKENS_MAX = 1_000_000;

/** A model as callers know it by its `id`, and who stands behind it. */
export interface Model extends Omit<ModelSettings, 'provider'> {
  readonly provider: CompletionProvider;
}

/** The models that callers may name. */
@Injectable()
export class ModelCatalogue implements OnApplicationShutdown {
  private readonly providers: ReadonlyMap<string, CompletionProvider>;
  private readonly models: ReadonlyMap<string, Model>;
  private readonly chains: ReadonlyMap<string, readonly Model[]>;

  constructor(@Inject(CONFIG) config: Config, metrics: Metrics) {
    this.providers = providersOf(config, metrics);
    const listed = config.models.map((model) => {
      const provider = this.providers.get(model.provider);
      // The file was checked before: its models name no other providers.
      if (!provider) throw new Error(`no provider ${model.provider}`);
      return Object.assign({}, model as Omit<ModelSettings, 'provider'>, { provider });
    });
    const echo: Model = {
      id: 'echo',
      provider: new EchoProvider(),
      upstream: 'echo',
      price: { perMessage: config.pricePerMessage },
      contextTokens: ECHO_TOKENS_MAX,
      maxTokens: ECHO_TOKENS_MAX,
      maxTokensField: 'max_tokens',
    };
    const isListed = listed.some(({ id }) => id === echo.id);
    const models = isListed ? listed : [...listed, echo];
    this.models = new Map(models.map((model) => [model.id, model]));
    this.chains = new Map(
      models.map(({ id }) => {
        const chain = chainOf(id, this.models).map((next) => this.models.get(next));
        return [id, chain.filter((model) => model !== undefined)];
      }),
    );
  }

  /** When nothing is served any more: connections that are kept alive would keep the process too. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.providers.values()].map(async (provider) => provider.close?.()));
  }

  /** Every model, in the order of the models file, then `echo`. */
  all(): Model[] {
    return [...this.models.values()];
  }

  /** Those that the caller may use; the first is the caller's default. */
  list(principal: Principal): Model[] {
    return this.all().filter((model) => mayUse(model, principal));
  }

  /**
   * The model of that name, or the default without one. Throws `ValidationFailed` for a name that is unknown, or
   * of a model that is not for this caller: the two are told alike.
   */
  find(id: string | null | undefined, principal: Principal): Model {
    const model = id == null ? this.list(principal)[0] : this.permitted(id, principal);
    if (model) return model;
    const sentence = id == null ? 'This field is required.' : `"${id}" is not a valid choice.`;
    throw new ValidationFailed({ model: [sentence] });
  }

  /** The same for OpenAI's clients. Throws `ModelNotFound`. */
  named(id: string, principal: Principal): Model {
    const model = this.permitted(id, principal);
    if (!model) throw new ModelNotFound(id);
    return model;
  }

  /** Those that answer in its place, as far as the caller may use them. */
  fallbacksOf({ id }: Model, principal: Principal): Model[] {
    const chain = this.chains.get(id) ?? [];
    return chain.filter((model) => mayUse(model, principal));
  }

  private permitted(id: string, principal: Principal): Model | undefined {
    const model = this.models.get(id);
    return model && mayUse(model, principal) ? model : undefined;
  }
}

function providersOf(config: Config, metrics: Metrics): Map<string, CompletionProvider> {
  const providers = new Map<string, CompletionProvider>([['echo', new EchoProvider()]]);
  for (const name of new Set(config.providers.map((settings) => settings.name))) {
    const restMs = config.providerRestSeconds * 1000;
    const pool = new ProviderPool(name, placesOf(name, config), restMs);
    providers.set(name, new WatchedProvider(pool, metrics));
  }
  return providers;
}

/** The addresses of a provider with their keys. */
function placesOf(name: string, { providers, proxies }: Config): Place[] {
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
