import { useLayoutEffect, useState } from './preact.js';

/** A value that several components show. `use` subscribes a component; `set` updates all of them. */
export function store(value) {
  const listeners = new Set();
  const listen = (listener) => void listeners.add(listener);
  const set = (next) => {
    value = next;
    for (const listener of listeners) listener(next);
  };
  const use = () => {
    const [seen, see] = useState(value);
    useLayoutEffect(() => {
      see(value);
      listen(see);
      return () => listeners.delete(see);
    }, []);
    return seen;
  };
  return { get: () => value, set, listen, use };
}
