import { store } from './store.js';

/** Views whose modules are loaded when they are opened. Each has the name of its module. */
export const LAZY_VIEWS = ['account', 'console'];

/** Reads the current view from the fragment of the address: `{view, id}`. It survives a reload. */
function read() {
  const [, token] = location.hash.split('#password-reset=');
  if (token) return { view: 'reset', id: token };
  const [, view, id = ''] = location.hash.split('/');
  return [...LAZY_VIEWS, 'forgotten'].includes(view) ? { view, id: '' } : { view: 'chat', id };
}

export const route = store(read());
export const toConversation = (id) => `#/c/${id}`;
export const NEW = '#/c/';
export const ACCOUNT = '#/account';
export const CONSOLE = '#/console';
export const FORGOTTEN = '#/forgotten';

/** Opens a view, in place of the current entry of the browser's history if `replacesEntry`. */
export function go(hash, replacesEntry = false) {
  if (replacesEntry) history.replaceState(null, '', hash);
  else location.hash = hash;
  route.set(read());
}

addEventListener('hashchange', () => route.set(read()));

/** A new value each time the window gets the focus. Other tabs or clients may have changed what it shows. */
export const windowFocus = store({});
addEventListener('focus', () => windowFocus.set({}));
