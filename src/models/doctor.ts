import pLimit from 'p-limit';
import type { Config } from '../config/config.js';
import type { ProviderSettings } from '../config/listed-provider.js';
import type { ModelSettings } from '../config/models-file.js';
import type { Price } from '../config/prices.js';
import { diagnosisOf, type Diagnosis } from './diagnosis.js';
import { isFlat } from './pricing.js';
import { OpenAiCompatibleProvider } from './providers/openai-compatible.provider.js';
import { ProviderConnection } from './providers/provider-connection.js';

/** Longest wait for the first word. A server on the operator's own machine may have to load the model first. */
const WAIT_MS = 20_000;
/** Maximum number of requests to one provider at a time, so that requests do not delay each other. */
const CONCURRENT_PER_PROVIDER_MAX = 4;
const QUESTION = 'Answer with one word: ready.';

type ExaminedConfig = Pick<Config, 'models' | 'providers' | 'proxies' | 'pricePerMessage'>;

/** One model at one address with one key. */
interface ModelCheck {
  readonly model: Pick<ModelSettings, 'id' | 'upstream' | 'price' | 'maxTokens' | 'maxTokensField'>;
  /** Undefined for `echo`, which calls no provider. */
  readonly provider: ProviderSettings | undefined;
  readonly providerName: string;
}

const HEAD = ['model', 'provider', 'key', 'name', 'price', 'first word', 'what went wrong'];

/**
 * Asks each configured model for one word, and prints one line for each model as soon as the result is known. The line
 * says whether its key and name are right, its price, and the time to the first word. Writes and charges nothing, and
 * aborts each answer after its first word. Returns false if a model fails.
 */
export async function examineModels(
  config: ExaminedConfig,
  print: (line: string) => void,
  waitMs = WAIT_MS,
): Promise<boolean> {
  const checks = checksOf(config);
  const widths = HEAD.map((word, n) =>
    Math.max(word.length, ...checks.map((check) => knownCells(check)[n]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd();
  print(line(HEAD));
  const limits = new Map(
    checks.map(({ providerName }) => [providerName, pLimit(CONCURRENT_PER_PROVIDER_MAX)]),
  );
  const outcomes = checks.map(async (check) => {
    const { provider } = check;
    const ask = () => examine(check, config, waitMs);
    const found = provider ? await limits.get(check.providerName)?.(ask) : undefined;
    const { key, name, firstWord, fault } = found ?? BUILT_IN_FINDING;
    const [model = '', by = '', , , price = ''] = knownCells(check);
    print(line([model, by, key, name, price, firstWord, fault]));
    return fault === '';
  });
  return (await Promise.all(outcomes)).every(Boolean);
}

interface Finding extends Diagnosis {
  /** In milliseconds, with the unit. */
  readonly firstWord: string;
}

const BUILT_IN_FINDING: Finding = { key: '-', name: '-', firstWord: '-', fault: '' };

function checksOf({ models, providers, pricePerMessage }: ExaminedConfig): ModelCheck[] {
  const checks = models.flatMap((model): ModelCheck[] => {
    const endpoints = providers.filter(({ name }) => name === model.provider);
    if (endpoints.length === 0) return [{ model, provider: undefined, providerName: 'built in' }];
    return endpoints.map((provider, n) => ({
      ...{ model, provider },
      providerName: endpoints.length > 1 ? `${provider.name} #${String(n + 1)}` : provider.name,
    }));
  });
  if (models.some(({ id }) => id === 'echo')) return checks;
  const echo = {
    id: 'echo',
    upstream: 'echo',
    maxTokens: 1,
    maxTokensField: 'max_tokens',
  } as const;
  const model = { ...echo, price: { perMessage: pricePerMessage } };
  return [...checks, { model, provider: undefined, providerName: 'built in' }];
}

/** Returns the cells that are known before any request. Their widths set the columns. */
const knownCells = ({ model, providerName }: ModelCheck) => [
  model.id,
  providerName,
  'none',
  'wrong',
  priceOf(model.price),
  '20000 ms',
];

function priceOf(price: Price): string {
  if (isFlat(price)) return `${String(price.perMessage)} a message`;
  const [per, prompt, completion] =
    'per1kPrompt' in price
      ? ['1,000', price.per1kPrompt, price.per1kCompletion]
      : ['1,000,000', price.perMillionPrompt, price.perMillionCompletion];
  return `${String(prompt)} + ${String(completion)} per ${per}`;
}

/**
 * Sends the same request as a chat, with the model's own `maxTokens`, so that a limit that is too high is found
 * too.
 */
async function examine(
  check: ModelCheck,
  { proxies }: ExaminedConfig,
  waitMs: number,
): Promise<Finding> {
  const { model, provider } = check;
  if (!provider) return BUILT_IN_FINDING;
  const connection = new ProviderConnection(provider.baseUrl, provider.apiKey, proxies);
  const client = new OpenAiCompatibleProvider(provider, connection);
  const key = provider.apiKey === undefined ? 'none' : 'right';
  const startedAt = performance.now();
  try {
    const answer = client.complete({
      model: model.upstream,
      messages: [{ role: 'user', content: QUESTION }],
      maxTokens: model.maxTokens,
      maxTokensField: model.maxTokensField,
      extra: {},
      signal: AbortSignal.timeout(waitMs),
    });
    for await (const [event] of answer) {
      if (event?.type === 'done') break;
      const firstWord = `${String(Math.round(performance.now() - startedAt))} ms`;
      return { key, name: 'right', firstWord, fault: '' };
    }
    return { key, name: 'right', firstWord: '-', fault: 'the answer had no word in it' };
  } catch (error) {
    const found = diagnosisOf(error, waitMs);
    return { ...found, key: found.key === 'right' ? key : found.key, firstWord: '-' };
  } finally {
    await client.close();
  }
}
