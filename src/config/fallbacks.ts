/** So many models at most may answer one question, each asked once. */
const CHAIN_MAX = 8;

interface Listed {
  readonly id: string;
  readonly fallbacks?: readonly string[];
}

/** The models that answer in place of one, in order, with those that answer in place of them; without itself. */
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

/** What is wrong with the fallbacks of a file: names of no model, circles, and chains without measure. */
export function fallbackProblems(listed: readonly Listed[], others: readonly string[]): string[] {
  const models = new Map<string, Listed>(others.map((id) => [id, { id }]));
  for (const model of listed) models.set(model.id, model);
  return listed.flatMap((model) => {
    const { id, fallbacks = [] } = model;
    const unknown = fallbacks.filter((name) => !models.has(name));
    const chain = chainOf(id, models);
    const isCircle = [id, ...chain].some((name) => models.get(name)?.fallbacks?.includes(id));
    return [
      ...unknown.map((name) => `model "${id}" names the fallback "${name}", which is no model`),
      ...(isCircle ? [`model "${id}" is its own fallback, by a circle`] : []),
      ...(chain.length >= CHAIN_MAX
        ? [`model "${id}" has more than ${String(CHAIN_MAX - 1)} fallbacks, theirs included`]
        : []),
    ];
  });
}
