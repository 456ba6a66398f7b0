import type { OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { chainOf } from '../config/fallbacks.js';
import type { ModelSettings } from '../config/models-file.js';
import { notAChoice, shownText } from '../shown-text.js';
import { ModelNotFound, ValidationFailed } from '../errors.js';
import type { Principal } from '../principal.js';
import { mayUse } from './may-use.js';
import { EchoProvider } from './providers/echo.provider.js';
import type { CompletionProvider } from './provider.js';

const ECHO_TOKENS_MAX = 1_000_000;

/** A model, which callers know by its `id`, and its provider. */
export interface Model extends Omit<ModelSettings, 'provider'> {
  readonly provider: CompletionProvider;
}

/** The models that callers may name. */
export class ModelCatalogue implements OnApplicationShutdown {
  private readonly models: ReadonlyMap<string, Model>;
  private readonly chains: ReadonlyMap<string, readonly Model[]>;

  /** `providers` contains the providers of the settings, by their names. */
  constructor(
    config: Pick<Config, 'models' | 'pricePerMessage'>,
    private readonly providers: ReadonlyMap<string, CompletionProvider>,
  ) {
    const builtIn = new EchoProvider();
    const listed = config.models.map((model) => {
      const provider = model.provider === 'echo' ? builtIn : providers.get(model.provider);
      // The file was checked before, so its models name only these providers.
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

  /** Closes the providers after the last request. Connections that are kept alive would keep the process running. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.providers.values()].map(async (provider) => provider.close?.()));
  }

  /** Returns every model, in the order of the models file, then `echo`. */
  all(): Model[] {
    return [...this.models.values()];
  }

  /** Returns the models that the caller may use. The first one is the caller's default. */
  list(principal: Principal): Model[] {
    return this.all().filter((model) => mayUse(model, principal));
  }

  /**
   * Returns the model with this name, or the caller's default without a name. Throws `ValidationFailed` if the name
   * is unknown or the caller may not use the model. The error is the same in both cases.
   */
  find(id: string | null | undefined, principal: Principal): Model {
    const model = id == null ? this.list(principal)[0] : this.permitted(id, principal);
    if (model) return model;
    const sentence = id == null ? 'This field is required.' : notAChoice(id);
    throw new ValidationFailed({ model: [sentence] });
  }

  /** Returns the model with this name, for OpenAI's clients. Throws `ModelNotFound`. */
  findNamed(id: string, principal: Principal): Model {
    const model = this.permitted(id, principal);
    if (!model) throw new ModelNotFound(shownText(id));
    return model;
  }

  /** Returns the models that answer in place of this one, if the caller may use them. */
  fallbacksOf({ id }: Model, principal: Principal): Model[] {
    const chain = this.chains.get(id) ?? [];
    return chain.filter((model) => mayUse(model, principal));
  }

  private permitted(id: string, principal: Principal): Model | undefined {
    const model = this.models.get(id);
    return model && mayUse(model, principal) ? model : undefined;
  }
}
