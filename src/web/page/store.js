import { useLayoutEffect, useState } from './preact.js';

/** A value that several components show. `use` subscribes a component; `set` updates all of them. */
export function store(value) {
  const listeners = new Set();
  const listen = (listener) => listeners.add(listener) && (() => listeners.delete(listener));
  const set = (next) => {
    value = next;
    for (const listener of listeners) listener(next);
  };
  const use = () => {
    const [seen, see] = useState(value);
    useLayoutEffect(() => {
      see(value);
      return listen(see);
    }, []);
    return seen;
  };
  return { get: () => value, set, listen, use };
}
