import { store } from './store.js';

/** Where the page is, from the part of the address after `#`: `{view, id}`. It survives a reload. */
function read() {
  const [, view = 'c', id = ''] = location.hash.split('/');
  return view === 'account' ? { view, id: '' } : { view: 'chat', id };
}

export const route = store(read());
export const toConversation = (id) => `#/c/${id}`;
export const NEW = '#/c/';
export const ACCOUNT = '#/account';

/** Goes there; `isSame` keeps the step out of the browser's history. */
export function go(hash, isSame = false) {
  if (isSame) history.replaceState(null, '', hash);
  else location.hash = hash;
  route.set(read());
}

addEventListener('hashchange', () => route.set(read()));
