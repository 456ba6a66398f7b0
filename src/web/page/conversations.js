import { call, readPage } from './api.js';
import { store } from './store.js';

const PATH = 'api/conversations/';

/** The loaded conversations, newest first, and the query of the next page. */
export const conversations = store({ all: null, next: null });

export const titleOf = (conversation) => conversation?.title || 'Untitled';

/** Loads the first page again, or appends the page of the query `next`. */
export async function loadConversations(next = null) {
  const page = await readPage(PATH, next);
  // The list was reloaded meanwhile, so this page does not belong to it.
  if (next && conversations.get().next !== next) return;
  const before = next ? conversations.get().all : [];
  conversations.set({ all: [...before, ...page.results], next: page.next });
}

/** Renames a conversation (`PATCH` with the body `{title}`) or deletes it (`DELETE`). */
export async function change(method, id, body) {
  await call(method, `${PATH}${id}/`, { body });
  await loadConversations();
}

/** Downloads a conversation as a file. `type` is `json` or `markdown`. */
export async function download(id, type) {
  const answer = await call('GET', `${PATH}${id}/export/?type=${type}`, { accept: '*/*' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `conversation.${type === 'json' ? 'json' : 'md'}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
