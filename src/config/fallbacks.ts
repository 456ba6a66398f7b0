/** Maximum number of models that may answer one question. Each is asked once. */
const CHAIN_MAX = 8;

interface Listed {
  readonly id: string;
  readonly fallbacks?: readonly string[];
}

/**
 * Returns the fallbacks of a model in order, each followed by its own fallbacks, without the model itself.
 */
export function chainOf(id: string, models: ReadonlyMap<string, Listed>): string[] {
  const chain = new Set<string>();
  const follow = (at: string) => {
    for (const next of models.get(at)?.fallbacks ?? []) {
      if (next === id || chain.has(next)) continue;
      chain.add(next);
      follow(next);
    }
  };
  follow(id);
  return [...chain];
}

/** Returns the problems of the fallbacks in a file: unknown models, cycles, and chains that are too long. */
export function fallbackProblems(listed: readonly Listed[], others: readonly string[]): string[] {
  const models = new Map<string, Listed>(others.map((id) => [id, { id }]));
  for (const model of listed) models.set(model.id, model);
  return listed.flatMap((model) => {
    const { id, fallbacks = [] } = model;
    const unknown = fallbacks.filter((name) => !models.has(name));
    const chain = chainOf(id, models);
    const isCycle = [id, ...chain].some((name) => models.get(name)?.fallbacks?.includes(id));
    return [
      ...unknown.map((name) => `model "${id}" names the fallback "${name}", which is no model`),
      ...(isCycle ? [`model "${id}" is its own fallback, by a circle`] : []),
      ...(chain.length >= CHAIN_MAX
        ? [`model "${id}" has more than ${String(CHAIN_MAX - 1)} fallbacks, theirs included`]
        : []),
    ];
  });
}
