import { EnvError, makeValidator } from 'envalid';
import { MODEL_ID, isBaseUrl } from './model-patterns.js';
import type { ProviderSettings } from './listed-provider.js';
import type { MaxTokensField, ModelSettings } from './models-file.js';
import { splitList } from './network-settings.js';

/**
 * The limits that all hosted models of today have at least. A model with other limits must be in a models
 * file.
 */
const LIMITS = { contextTokens: 128_000, maxTokens: 4096 };
const MAX_TOKENS_FIELD: MaxTokensField = 'max_tokens';
const OPENAI_URL = 'https://api.openai.com/v1';
const GEMINI_URL = 'https://generativelanguage.googleapis.com/v1beta/openai';

export const modelNames = makeValidator<string>((input) => {
  if (input.trim() === '') return '';
  const names = input.split(',').map((name) => name.trim());
  if (names.includes('')) throw new EnvError('must not have an empty name between its commas');
  if (!names.every((name) => MODEL_ID.test(name))) {
    throw new EnvError(
      'must be names of 1 to 100 letters, digits or . _ - : / @, separated by commas',
    );
  }
  if (names.includes('echo')) throw new EnvError('must not name echo, which is built in');
  const duplicates = names.find((name, n) => names.indexOf(name) !== n);
  if (duplicates !== undefined) throw new EnvError(`names ${duplicates} twice`);
  return names.join(',');
});

/**
 * The error never contains the value. The value is sent in a header, where a line end or a space is not
 * allowed.
 */
export const providerKey = makeValidator<string>((input) => {
  const key = input.trim();
  if (/^[\x21-\x7e]*$/.test(key)) return key;
  throw new EnvError('must be one word of printable ASCII characters');
});

/** The error never contains the value, because it may contain a password. */
export const providerUrl = makeValidator<string>((input) => {
  const url = input.trim();
  if (url === '' || isBaseUrl(url)) return url;
  throw new EnvError('must be an http or https URL without credentials or query');
});

const NAMES = [
  'OPENAI_API_KEY',
  'OPENAI_MODELS',
  'OPENAI_BASE_URL',
  'GEMINI_API_KEY',
  'GEMINI_MODELS',
] as const;

/** The settings that name models without a file. A setting is undefined if its value was refused. */
type NamingSettings = Readonly<Partial<Record<(typeof NAMES)[number] | 'MODELS_FILE', string>>>;

/**
 * The models and providers that result from these settings, and the messages for settings that have no
 * effect.
 */
export interface NamedModels {
  readonly providers: readonly ProviderSettings[];
  readonly models: readonly Omit<ModelSettings, 'price'>[];
  readonly problems: readonly (readonly [setting: string, reason: string])[];
  readonly hints: readonly string[];
}

const NO_MODELS: NamedModels = { providers: [], models: [], problems: [], hints: [] };

/**
 * Reads models by their names at one or two providers. A key or a URL without names results in no model,
 * because other programs use the same variables. Names without a key or a URL are an error. If there is a
 * models file, none of these settings has an effect.
 */
export function readNamedModels(read: NamingSettings): NamedModels {
  // A setting that is invalid by itself is reported first, because the others cannot be checked without it.
  if (NAMES.some((name) => read[name] === undefined)) return NO_MODELS;
  const { OPENAI_MODELS: openAi = '', GEMINI_MODELS: gemini = '' } = read;
  if (read.MODELS_FILE) {
    const ignored = Object.entries({ OPENAI_MODELS: openAi, GEMINI_MODELS: gemini });
    const hints = ignored
      .filter(([, names]) => names !== '')
      .map(([name]) => `MODELS_FILE is set, so ${name} is ignored: name its models in the file`);
    return { ...NO_MODELS, hints };
  }
  const found = [openAiModels(read, openAi), geminiModels(read, gemini)];
  const both = splitList(openAi).filter((name) => splitList(gemini).includes(name));
  const duplicates = both.map(
    (name) => ['GEMINI_MODELS', `names ${name}, which OPENAI_MODELS names too`] as const,
  );
  return {
    providers: found.flatMap(({ providers }) => providers),
    models: found.flatMap(({ models }) => models),
    problems: [...found.flatMap(({ problems }) => problems), ...duplicates],
    hints: found.flatMap(({ hints }) => hints),
  };
}

function openAiModels(read: NamingSettings, names: string): NamedModels {
  const { OPENAI_API_KEY: apiKey = '', OPENAI_BASE_URL: baseUrl = '' } = read;
  const given = apiKey === '' ? baseUrl && 'OPENAI_BASE_URL' : 'OPENAI_API_KEY';
  if (names === '') return given === '' ? NO_MODELS : hint(given, 'OPENAI_MODELS=gpt-4o-mini');
  if (given === '') {
    return refuse('OPENAI_MODELS', 'OPENAI_API_KEY, or OPENAI_BASE_URL of a server without keys');
  }
  return toNamedModels({ name: 'openai', baseUrl: baseUrl || OPENAI_URL, apiKey }, names);
}

function geminiModels({ GEMINI_API_KEY: apiKey = '' }: NamingSettings, names: string): NamedModels {
  if (names === '')
    return apiKey === '' ? NO_MODELS : hint('GEMINI_API_KEY', 'GEMINI_MODELS=gemini-2.5-flash');
  if (apiKey === '') return refuse('GEMINI_MODELS', 'GEMINI_API_KEY');
  return toNamedModels({ name: 'gemini', baseUrl: GEMINI_URL, apiKey }, names);
}

function toNamedModels(
  { name, baseUrl, apiKey }: { name: string; baseUrl: string; apiKey: string },
  names: string,
): NamedModels {
  const models = splitList(names).map((id) => ({
    id,
    provider: name,
    upstream: id,
    maxTokensField: MAX_TOKENS_FIELD,
    ...LIMITS,
  }));
  return { ...NO_MODELS, providers: [{ name, baseUrl, apiKey: apiKey || undefined }], models };
}

const hint = (given: string, example: string): NamedModels => ({
  ...NO_MODELS,
  hints: [
    `${given} is set, but no model is named. To serve one, set for example ${example}, and restart`,
  ],
});

const refuse = (setting: string, needed: string): NamedModels => ({
  ...NO_MODELS,
  problems: [[setting, `needs ${needed}`]],
});
