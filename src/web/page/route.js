import { store } from './store.js';

/** The views that are loaded when they are opened: each is a module of that name. */
export const LATER = ['account', 'console'];
const VIEWS = [...LATER, 'forgotten'];

/** Where the page is, from the part of the address after `#`: `{view, id}`. It survives a reload. */
function read() {
  const [, token] = location.hash.split('#password-reset=');
  if (token) return { view: 'reset', id: token };
  const [, view, id = ''] = location.hash.split('/');
  return VIEWS.includes(view) ? { view, id: '' } : { view: 'chat', id };
}

export const route = store(read());
export const toConversation = (id) => `#/c/${id}`;
export const NEW = '#/c/';
export const ACCOUNT = '#/account';
export const CONSOLE = '#/console';
export const FORGOTTEN = '#/forgotten';

/** Goes there; `isSame` keeps the step out of the browser's history. */
export function go(hash, isSame = false) {
  if (isSame) history.replaceState(null, '', hash);
  else location.hash = hash;
  route.set(read());
}

addEventListener('hashchange', () => route.set(read()));
