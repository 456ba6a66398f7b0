import 'reflect-metadata';
import {
  IsArray,
  IsIn,
  IsInstance,
  IsString,
  Matches,
  MinLength,
  ValidateBy,
  isUUID,
  type ValidationArguments,
} from 'class-validator';
import { Nested, ReadWith } from '../fields/field-decorators.js';
import { isFields } from '../json-fields.js';
import { readFields } from '../fields/field-reader.js';
import { SCOPES, type Scope } from '../principal.js';
import { fallbackProblems } from './fallbacks.js';
import { ListOf } from './list-rules.js';
import { MODEL_ID } from './model-patterns.js';
import {
  ListedProvider,
  keyProblems,
  toProviders,
  type Environment,
  type ProviderSettings,
} from './listed-provider.js';
import { readText } from './text-file.js';
import { OptionalField, OnePrice, PRICES, WholeNumber, unitOf, type Price } from './prices.js';

/** This bound keeps every price times every count an exact integer. */
const TOKENS_MAX = 10_000_000;
/** Maximum number of pictures in one request. This is more than any provider accepts. */
const IMAGES_MAX = 1000;
const ECHO = 'echo';

const objectMessage = ({ value }: ValidationArguments) =>
  value === undefined ? 'is missing' : 'must be an object';
const providerMessage = 'must be echo or one of providers';
const scopesMessage = `must be a list of ${SCOPES.join(', ')}`;
const keysMessage = 'must be a list of ids of API keys';

/**
 * The field for the longest answer: older servers know the first, and OpenAI's newer models require the
 * second.
 */
export type MaxTokensField = 'max_tokens' | 'max_completion_tokens';

/** A model as the file lists it. To add a field, add a property with its rule. */
export class ModelSettings {
  @Matches(MODEL_ID, { message: 'must be 1 to 100 letters, digits or . _ - : / @' })
  readonly id!: string;

  /** A provider of the file, or `echo`. */
  @IsString({ message: providerMessage })
  readonly provider!: string;

  @MinLength(1, { message: "must be the model's name at its provider" })
  readonly upstream!: string;

  @Nested((price) => PRICES[unitOf(price)], { message: objectMessage })
  @OnePrice
  readonly price!: Price;

  @WholeNumber(1, TOKENS_MAX)
  readonly contextTokens!: number;

  @ValidateBy(
    {
      name: 'fits',
      validator: {
        validate: (tokens, args) => !(tokens > (args?.object as ModelSettings).contextTokens),
      },
    },
    { message: 'must fit in contextTokens' },
  )
  @WholeNumber(1, TOKENS_MAX)
  readonly maxTokens!: number;

  @IsIn(['max_tokens', 'max_completion_tokens'], {
    message: 'must be max_tokens or max_completion_tokens',
  })
  readonly maxTokensField: MaxTokensField = 'max_tokens';

  /**
   * The highest cost of a picture, in model tokens of the prompt. Without it a model with a price per model
   * token accepts no pictures.
   */
  @OptionalField
  @WholeNumber(1, TOKENS_MAX)
  readonly imageTokens?: number;

  /**
   * Maximum number of pictures in a request. Without it the maximum is 10 at a flat price, and unlimited at a
   * price per model token.
   */
  @OptionalField
  @WholeNumber(0, IMAGES_MAX)
  readonly imagesMax?: number;

  /**
   * About how many model tokens it thinks in a second without passing them on. If an answer is stopped, a silence of
   * the provider counts as this much output. Without it a silence costs nothing.
   */
  @OptionalField
  @WholeNumber(1, TOKENS_MAX)
  readonly unseenThinkingPerSecond?: number;

  /** The models that answer in its place, in order, if its provider fails before the first word. */
  @OptionalField
  @ListOf((item) => typeof item === 'string', 'must be a list of names of models')
  readonly fallbacks?: readonly string[];

  /**
   * The scopes that an API key must have to use the model. Without this field only the scopes of the route
   * are required.
   */
  @OptionalField
  @ListOf((item) => SCOPES.includes(item as Scope), scopesMessage, 1)
  readonly scopes?: readonly Scope[];

  /** The ids of the only API keys that may use the model. With an empty list no key may use it. */
  @OptionalField
  @ListOf((item) => isUUID(item), keysMessage)
  readonly keys?: readonly string[];
}

/** The whole file. */
class ListedFile {
  @Nested(() => ListedProvider, { each: true, message: 'must be an object' })
  @IsInstance(Map, { message: 'must be an object' })
  @ReadWith((value) => (isFields(value) ? new Map(Object.entries(value)) : value))
  readonly providers: ReadonlyMap<string, ListedProvider> = new Map();

  @Nested(() => ModelSettings, { each: true, message: 'must be an object' })
  @IsArray({ message: 'must be a list' })
  readonly models!: readonly ModelSettings[];
}

/** The content of a models file, or its problems: one per line, each with its place. */
export interface ModelsFile {
  readonly providers: readonly ProviderSettings[];
  readonly models: readonly ModelSettings[];
  readonly problems: readonly string[];
}

const invalid = (...problems: string[]): ModelsFile => ({
  providers: [],
  models: [],
  problems,
});

/**
 * Parses the text of a file. Throws an error with the line, where Node tells it. It does not quote the text, which
 * may contain a secret.
 */
function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [, position] = / at position (\d+)/.exec((error as Error).message) ?? [];
    const line = text.slice(0, Number(position)).split('\n').length;
    const where = position === undefined ? '' : ` in line ${String(line)}`;
    const rule = 'JSON has no comments, and no comma after the last element';
    throw new Error(`${path} is not JSON${where}: ${rule}`, { cause: error });
  }
}

/**
 * Reads and validates the whole file. Never throws, so that its problems are reported together with all
 * others.
 */
export function readModelsFile(path: string, env: Environment): ModelsFile {
  if (path === '') return invalid();
  let content: unknown;
  try {
    content = parseJson(path, readText(path));
  } catch (error) {
    return invalid((error as Error).message);
  }
  if (!isFields(content)) return invalid('the file must be an object');
  const { dto, faults } = readFields(ListedFile, content, { unknownField: 'is not a known field' });
  const problems = faults.map(({ path: place, sentence }) => `${place} ${sentence}`);
  problems.push(...crossFieldProblems(dto, env));
  if (problems.length > 0) return invalid(...problems);
  const providers = [...dto.providers].flatMap(([name, listed]) => toProviders(name, listed, env));
  return { providers, models: dto.models, problems };
}

/**
 * Returns the problems that involve several fields. Skips fields that break their own rules, because those
 * problems are already reported.
 */
function crossFieldProblems({ providers, models }: ListedFile, env: Environment): string[] {
  const problems: string[] = [];
  const named = providers instanceof Map ? [...(providers as ListedFile['providers'])] : [];
  for (const [name, provider] of named) {
    if (provider instanceof ListedProvider) {
      problems.push(
        ...keyProblems(provider, env).map((fault) => `providers.${name}.apiKeyEnv ${fault}`),
      );
    }
    if (name === ECHO) problems.push(`providers.${name} is built in: choose another name`);
  }
  const names: unknown[] = [ECHO, ...named.map(([name]) => name)];
  const ids: string[] = [];
  for (const [n, model] of Array.isArray(models) ? models.entries() : []) {
    if (!(model instanceof ModelSettings)) continue;
    if (typeof model.id === 'string') ids.push(model.id);
    if (typeof model.provider !== 'string' || names.includes(model.provider)) continue;
    problems.push(`models[${String(n)}].provider ${providerMessage}`);
  }
  for (const id of new Set(ids.filter((one, n) => ids.indexOf(one) !== n))) {
    problems.push(`models list "${id}" twice`);
  }
  const validModels = Array.isArray(models) ? models.filter(hasFallbackList) : [];
  problems.push(...fallbackProblems(validModels, [ECHO]));
  return problems;
}

/**
 * Whether the name and the fallbacks of a model are valid. Problems of an invalid one are already reported.
 */
const hasFallbackList = (model: unknown) =>
  model instanceof ModelSettings &&
  typeof model.id === 'string' &&
  (model.fallbacks === undefined || Array.isArray(model.fallbacks));
