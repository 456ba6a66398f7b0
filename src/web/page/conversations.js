import { call, readPage } from './api.js';
import { store } from './store.js';

const PATH = 'api/conversations/';

/** The loaded conversations, newest first, and the query of the next page. */
export const conversations = store({ all: null, next: null });

export const titleOf = (conversation) => conversation?.title || 'Untitled';

/** Loads the first page again, and keeps the loaded pages after it; or appends the page of the query `next`. */
export async function loadConversations(next = null) {
  const page = await readPage(PATH, next);
  const { all, next: further } = conversations.get();
  // The list was reloaded meanwhile, so this page does not belong to it.
  if (next && further !== next) return;
  if (next) return conversations.set({ all: [...all, ...page.results], next: page.next });
  // 0 if the list has changed so much that there would be a gap.
  const end = 1 + (all ?? []).findIndex(({ id }) => id === page.results.at(-1)?.id);
  const kept = end > 0 && page.next ? all.slice(end) : [];
  conversations.set({ all: [...page.results, ...kept], next: kept[0] ? further : page.next });
}

/** Renames a conversation (`PATCH` with the body `{title}`) or deletes it (`DELETE`). */
export async function change(method, id, body) {
  const answer = await call(method, `${PATH}${id}/`, { body });
  const changed = await answer.json().catch(() => []);
  const { all, next } = conversations.get();
  conversations.set({ all: all?.flatMap((each) => (each.id === id ? changed : each)), next });
}

/** Downloads a conversation as a file. `type` is `json` or `markdown`. */
export async function download(id, type) {
  const answer = await call('GET', `${PATH}${id}/export/?type=${type}`, { accept: '*/*' });
  const href = URL.createObjectURL(await answer.blob());
  const name = `conversation.${type === 'json' ? 'json' : 'md'}`;
  Object.assign(document.createElement('a'), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
