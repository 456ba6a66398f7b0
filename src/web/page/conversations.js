import { call, readPage } from './api.js';
import { store } from './store.js';

const PATH = 'api/conversations/';

/** The conversations that were read so far, newest first, and the query of the next ones. */
export const conversations = store({ all: null, next: null });

export const titleOf = (conversation) => conversation?.title || 'Untitled';

/** Reads them from the start, or goes on where the last page ended. */
export async function loadConversations(next = null) {
  const page = await readPage(PATH, next);
  // The list may have been read anew meanwhile: the page does not follow it then.
  if (next && conversations.get().next !== next) return;
  const before = next ? conversations.get().all : [];
  conversations.set({ all: [...before, ...page.results], next: page.next });
}

/** Renames a conversation (`PATCH` with a body `{title}`), or removes it (`DELETE`). */
export async function change(method, id, body) {
  await call(method, `${PATH}${id}/`, { body });
  await loadConversations();
}

/** Hands a conversation to the browser as a file; `type` is `json` or `markdown`. */
export async function download(id, type) {
  const answer = await call('GET', `${PATH}${id}/export/?type=${type}`, { accept: '*/*' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `conversation.${type === 'json' ? 'json' : 'md'}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
