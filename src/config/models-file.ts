import { readFileSync } from 'node:fs';

/** Whole tokens of the wallet for a message, whatever its length. */
export interface FlatPrice {
  readonly perMessage: number;
}

/** Whole tokens of the wallet for each 1,000 model tokens; the sum of both is rounded up once. */
export interface MeteredPrice {
  readonly per1kPrompt: number;
  readonly per1kCompletion: number;
}

export type Price = FlatPrice | MeteredPrice;

/** A server that speaks OpenAI's protocol. Without a key none is sent, as local servers want it. */
export interface ProviderSettings {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
}

/** What older servers know, and what OpenAI's newer models insist on. */
export type MaxTokensField = 'max_tokens' | 'max_completion_tokens';

/** A model as the file lists it. */
export interface ModelSettings {
  readonly id: string;
  /** A provider of the file, or `echo`. */
  readonly provider: string;
  readonly upstream: string;
  readonly price: Price;
  readonly contextTokens: number;
  readonly maxTokens: number;
  readonly maxTokensField: MaxTokensField;
}

/** What a models file says, or what is wrong with it: one problem a line, each with its place. */
export interface ModelsFile {
  readonly providers: readonly ProviderSettings[];
  readonly models: readonly ModelSettings[];
  readonly problems: readonly string[];
}

/** These bounds keep every price times every count an exact integer. */
const PRICE_MAX = 100_000_000;
const TOKENS_MAX = 10_000_000;
const MODEL_ID = /^[\w.:/@-]{1,100}$/;
const ECHO = 'echo';

type Fields = Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string | undefined>>;

/** Reads and checks the whole file. Never throws, so that its problems are told beside all others. */
export function readModelsFile(path: string, env: Environment): ModelsFile {
  if (path === '') return { providers: [], models: [], problems: [] };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    return { providers: [], models: [], problems: [`${path} ${reason}`] };
  }
  const reading = new Reading(env);
  const { providers, models } = reading.file(content);
  return { providers, models, problems: reading.problems };
}

/** One pass over a file, collecting what is wrong with it. */
class Reading {
  readonly problems: string[] = [];

  constructor(private readonly env: Environment) {}

  file(content: unknown) {
    const file = this.object('the file', content, ['providers', 'models']);
    const named = this.object('providers', file['providers'] ?? {});
    const providers = Object.entries(named).map(([name, value]) => this.provider(name, value));
    const { models: list } = file;
    if (!Array.isArray(list)) this.problem('models', 'must be a list');
    const names = new Set([ECHO, ...Object.keys(named)]);
    const models = (Array.isArray(list) ? list : []).map((value, n) => this.model(n, value, names));
    const ids = models.map(({ id }) => id);
    for (const id of new Set(ids.filter((id, n) => id !== '' && ids.indexOf(id) !== n))) {
      this.problem('models', `list "${id}" twice`);
    }
    return { providers, models };
  }

  private provider(name: string, value: unknown): ProviderSettings {
    const where = `providers.${name}`;
    if (name === ECHO) this.problem(where, 'is built in: choose another name');
    const { baseUrl, apiKeyEnv } = this.object(where, value, ['baseUrl', 'apiKeyEnv']);
    if (typeof baseUrl !== 'string' || !isBaseUrl(baseUrl)) {
      this.problem(`${where}.baseUrl`, 'must be an http or https URL without credentials or query');
    }
    const apiKey = typeof apiKeyEnv === 'string' ? this.env[apiKeyEnv] : undefined;
    if (apiKeyEnv !== undefined && !apiKey) {
      this.problem(`${where}.apiKeyEnv`, 'must name an environment variable that is set');
    }
    return { name, baseUrl: String(baseUrl), apiKey };
  }

  private model(n: number, value: unknown, providers: ReadonlySet<string>): ModelSettings {
    const where = `models[${String(n)}]`;
    const known = ['id', 'provider', 'upstream', 'price', 'contextTokens', 'maxTokens'];
    const fields = this.object(where, value, [...known, 'maxTokensField']);
    const { id, provider, upstream, maxTokensField = 'max_tokens' } = fields;
    if (typeof id !== 'string' || !MODEL_ID.test(id)) {
      this.problem(`${where}.id`, 'must be 1 to 100 letters, digits or . _ - : / @');
    }
    if (typeof provider !== 'string' || !providers.has(provider)) {
      this.problem(`${where}.provider`, 'must be echo or one of providers');
    }
    if (typeof upstream !== 'string' || upstream === '') {
      this.problem(`${where}.upstream`, "must be the model's name at its provider");
    }
    if (maxTokensField !== 'max_tokens' && maxTokensField !== 'max_completion_tokens') {
      this.problem(`${where}.maxTokensField`, 'must be max_tokens or max_completion_tokens');
    }
    const contextTokens = this.whole(`${where}.contextTokens`, fields['contextTokens'], 1);
    const maxTokens = this.whole(`${where}.maxTokens`, fields['maxTokens'], 1);
    if (maxTokens > contextTokens) this.problem(`${where}.maxTokens`, 'must fit in contextTokens');
    return {
      id: typeof id === 'string' ? id : '',
      provider: String(provider),
      upstream: String(upstream),
      price: this.price(`${where}.price`, fields['price']),
      contextTokens,
      maxTokens,
      maxTokensField: maxTokensField as MaxTokensField,
    };
  }

  /** There is no default: a price that was forgotten would give the model away. */
  private price(where: string, value: unknown): Price {
    const fields = this.object(where, value, ['perMessage', 'per1kPrompt', 'per1kCompletion']);
    const amount = (name: string) => this.whole(`${where}.${name}`, fields[name], 0, PRICE_MAX);
    if (!('perMessage' in fields)) {
      return { per1kPrompt: amount('per1kPrompt'), per1kCompletion: amount('per1kCompletion') };
    }
    if (Object.keys(fields).length > 1) {
      this.problem(where, 'must be perMessage, or per1kPrompt with per1kCompletion, not both');
    }
    return { perMessage: amount('perMessage') };
  }

  private whole(where: string, value: unknown, min: number, max = TOKENS_MAX): number {
    const isWhole = typeof value === 'number' && Number.isSafeInteger(value);
    if (isWhole && value >= min && value <= max) return value;
    const range = `from ${String(min)} to ${String(max)}`;
    this.problem(where, `must be a whole number ${range}${value === undefined ? '; missing' : ''}`);
    return min;
  }

  /** The fields of an object; a field that is not `known` is a slip of the pen, and so a problem. */
  private object(where: string, value: unknown, known?: readonly string[]): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problem(where, value === undefined ? 'is missing' : 'must be an object');
      return {};
    }
    for (const name of Object.keys(value)) {
      if (known && !known.includes(name)) this.problem(`${where}.${name}`, 'is not a known field');
    }
    return value as Fields;
  }

  private problem(where: string, what: string): void {
    this.problems.push(`${where} ${what}`);
  }
}

/** A URL that a path can be put behind, and that may be seen. */
function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}
