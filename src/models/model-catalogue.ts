import type { OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { chainOf } from '../config/fallbacks.js';
import type { ModelSettings } from '../config/models-file.js';
import { ModelNotFound, ValidationFailed } from '../errors.js';
import type { Principal } from '../principal.js';
import { mayUse } from './may-use.js';
import { EchoProvider } from './providers/echo.provider.js';
import type { CompletionProvider } from './providers/provider.js';

const ECHO_TOKENS_MAX = 1_000_000;

/** A model as callers know it by its `id`, and who stands behind it. */
export interface Model extends Omit<ModelSettings, 'provider'> {
  readonly provider: CompletionProvider;
}

/** The models that callers may name. */
export class ModelCatalogue implements OnApplicationShutdown {
  private readonly models: ReadonlyMap<string, Model>;
  private readonly chains: ReadonlyMap<string, readonly Model[]>;

  /** `providers` are those of the settings, by their names. */
  constructor(
    config: Pick<Config, 'models' | 'pricePerMessage'>,
    private readonly providers: ReadonlyMap<string, CompletionProvider>,
  ) {
    const builtIn = new EchoProvider();
    const listed = config.models.map((model) => {
      const provider = model.provider === 'echo' ? builtIn : providers.get(model.provider);
      // The file was checked before: its models name no other providers.
      if (!provider) throw new Error(`no provider ${model.provider}`);
      return Object.assign({}, model as Omit<ModelSettings, 'provider'>, { provider });
    });
    const echo: Model = {
      id: 'echo',
      provider: builtIn,
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
