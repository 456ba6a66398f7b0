import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { ValidationFailed } from '../errors.js';
import type { Model } from './models.js';
import { EchoProvider } from './providers/echo.provider.js';

const ECHO_TOKENS_MAX = 1_000_000;

/** The models that callers may name. */
@Injectable()
export class ModelCatalogue {
  private readonly models: ReadonlyMap<string, Model>;
  private readonly first: Model;

  constructor(@Inject(CONFIG) config: Config) {
    this.first = {
      id: 'echo',
      provider: new EchoProvider(),
      upstream: 'echo',
      price: { perMessage: config.pricePerMessage },
      contextTokens: ECHO_TOKENS_MAX,
      maxTokens: ECHO_TOKENS_MAX,
    };
    this.models = new Map([[this.first.id, this.first]]);
  }

  /** In the order of the settings; the first is the default. */
  list(): Model[] {
    return [...this.models.values()];
  }

  /** The model of that name, or the default without one. Throws `ValidationFailed` for an unknown name. */
  find(id: string | null | undefined): Model {
    const model = id == null ? this.first : this.models.get(id);
    if (!model) throw new ValidationFailed({ model: [`"${String(id)}" is not a valid choice.`] });
    return model;
  }
}
