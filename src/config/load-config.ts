import { environment, readSettings, assertNoneInvalid, toSettings, type Config } from './config.js';
import { misspeltHints } from './misspelt.js';
import { readModelsFile } from './models-file.js';
import { readNamedModels } from './named-models.js';

/**
 * Reads the environment and the models file once. Throws one `InvalidConfig` that names every invalid
 * setting.
 */
export function loadConfig(env: NodeJS.ProcessEnv = environment()): Config {
  const { read, invalid } = readSettings(env);
  const listed = readModelsFile(read.MODELS_FILE, env);
  invalid.push(...listed.problems.map((problem) => ['MODELS_FILE', problem] as const));
  // A copy without the invalid settings. Reading these from `read` itself would throw.
  const named = readNamedModels({ ...read });
  invalid.push(...named.problems);
  assertNoneInvalid(invalid);
  const price = { perMessage: read.PRICE_PER_MESSAGE };
  return Object.freeze({
    ...toSettings(read, env),
    providers: [...listed.providers, ...named.providers],
    models: [...listed.models, ...named.models.map((model) => ({ ...model, price }))],
    hints: [...named.hints, ...misspeltHints(env)],
  });
}
