import { useEffect, useState } from './preact.js';

/** A value that several parts of the page show: `use` shows it, `set` tells all who do. */
export function store(initial) {
  let value = initial;
  const listeners = new Set();

  const get = () => value;
  const set = (next) => {
    value = next;
    for (const listener of listeners) listener(next);
  };
  const listen = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const use = () => {
    const [seen, see] = useState(value);
    useEffect(() => {
      see(value);
      return listen(see);
    }, []);
    return seen;
  };
  return { get, set, listen, use };
}
