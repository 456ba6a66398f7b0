import { OneOrMore } from './list-rules.js';
import { isBaseUrl } from './model-patterns.js';
import { OptionalField } from './prices.js';

const keyMessage = 'must name an environment variable that is set';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A provider as the file lists it. */
export class ListedProvider {
  /** One address, or a list of addresses that are used in turn. */
  @OneOrMore(isBaseUrl, 'must be an http or https URL without credentials or query')
  readonly baseUrl!: string | readonly string[];

  /**
   * The name of one variable for all addresses, a list of names that are used in turn, or one name for each
   * address.
   */
  @OptionalField
  @OneOrMore((name) => typeof name === 'string', keyMessage)
  readonly apiKeyEnv?: string | readonly string[];
}

/** A server with OpenAI's protocol. Without a key none is sent, which local servers expect. */
export interface ProviderSettings {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
}

/** Returns a provider once for each of its addresses and keys. */
export function toProviders(
  name: string,
  { baseUrl, apiKeyEnv }: ListedProvider,
  env: Environment,
): ProviderSettings[] {
  const urls = [baseUrl].flat();
  const keys = [apiKeyEnv].flat();
  return Array.from({ length: Math.max(urls.length, keys.length) }, (_, n) => {
    const key = keys[n % keys.length];
    return {
      name,
      baseUrl: urls[n % urls.length] ?? '',
      apiKey: key === undefined ? undefined : env[key]?.trim(),
    };
  });
}

/** Returns the problems of a provider's keys in relation to its addresses. */
export function keyProblems({ baseUrl, apiKeyEnv }: ListedProvider, env: Environment): string[] {
  const keys = [apiKeyEnv].flat();
  const isUnset = keys.some((key) => typeof key === 'string' && !env[key]?.trim());
  const hasUnequalLengths =
    Array.isArray(baseUrl) && Array.isArray(apiKeyEnv) && baseUrl.length !== apiKeyEnv.length;
  return [
    ...(isUnset ? [keyMessage] : []),
    ...(hasUnequalLengths ? ['must have as many names as baseUrl has addresses'] : []),
  ];
}
