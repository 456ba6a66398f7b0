import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The key of the providers in specs. It must not appear in an answer or a log line. */
export const PROVIDER_KEY = 'sk-only-the-provider-may-see-this';

export const FLAT = { perMessage: 100 };
/** A high price, so that each model token is visible in the ledger. */
export const METERED = { per1kPrompt: 1000, per1kCompletion: 2000 };

/** Writes a models file and returns the settings that use it. */
export function modelsFile(content: unknown): Record<string, string> {
  const path = join(mkdtempSync(join(tmpdir(), 'tallychat-models-')), 'models.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { MODELS_FILE: path, TEST_PROVIDER_KEY: PROVIDER_KEY };
}

/**
 * Writes a file with one provider. Each of its behaviours is a model at both prices: `flat:x` and `metered:x`.
 * `fieldsOf` returns further fields of both.
 */
export function modelsOf(
  baseUrl: string,
  behaviours: readonly string[],
  limits: { contextTokens?: number; maxTokens?: number } = {},
  fieldsOf: (behaviour: string) => object = () => ({}),
): Record<string, string> {
  const model = (kind: string, upstream: string, price: object) => ({
    ...{ id: `${kind}:${upstream}`, provider: 'loopback', upstream, price },
    ...{ contextTokens: 4000, maxTokens: 500, ...limits, ...fieldsOf(upstream) },
  });
  return modelsFile({
    providers: { loopback: { baseUrl, apiKeyEnv: 'TEST_PROVIDER_KEY' } },
    models: behaviours.flatMap((name) => [
      model('flat', name, FLAT),
      model('metered', name, METERED),
    ]),
  });
}
