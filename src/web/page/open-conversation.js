import { BROKEN_OFF, Refusal, call, eventsOf, pause, readPage } from './api.js';
import { loadConversations } from './conversations.js';
import { tokens } from './format.js';
import { go, route, toConversation } from './route.js';
import { session } from './session.js';
import { bySentences, speak } from './speech.js';
import { store } from './store.js';
import { refreshWallet, wallet } from './wallet.js';

const POLLS_MAX = 24;
const POLL_MS = 50;
const NEWEST = '?page_size=30';

const openConversations = new Map();
/** The key of a draft in the tab's session storage. A draft is kept until its user logs out. */
const draftKey = (owner, id) => `tallychat-draft:${owner}:${id ?? ''}`;

/** Stores a text for a reload, at once. Rejects if the storage is full: then the text is only in memory. */
const keep = async (key, text) => sessionStorage.setItem(key, text);

export const joined = (...texts) => texts.filter(Boolean).join('\n\n');

/** The sort key of a turn. A turn without an id is not saved yet, and is the newest. */
const age = ({ id = 'z' }) => id;

/** Whether the answer of a turn was interrupted, and its price is not known yet. */
const isUnsettled = (turn) => turn.status !== 'answering' && turn.tokens === undefined;

const MISSING = new Refusal(404, { detail: 'This conversation does not exist or was deleted.' });

/**
 * The state of a conversation in this tab: saved turns, the running answer, the draft and the last problem. It continues
 * while the user looks at another conversation. A new conversation has no id.
 */
export class OpenConversation {
  turns = store([]);
  problem = store(null);
  answering = store(false);
  #controller;
  /** The sent message until the server has accepted it. After a reload it is back in the field. */
  #sent = '';
  #unsaid = '';
  /** The key of the running answer's turn id in the tab's session storage. After a reload, that turn is still missing. */
  #answerKey = () => draftKey(this.owner, `${this.id}:answer`);
  #frame;

  constructor(id) {
    this.id = id;
    this.owner = session.get()?.username;
    this.draft = store(sessionStorage.getItem(draftKey(this.owner, id)) ?? '');
    /** The query of the turns before the first shown one. Null if there are none, undefined before the first load. */
    this.earlier = store(id ? undefined : null);
    this.#settle(sessionStorage.getItem(this.#answerKey()));
  }

  type(text, sent = this.#sent) {
    this.#sent = sent;
    this.draft.set(text);
    keep(draftKey(this.owner, this.id), joined(sent, text)).catch(() => undefined);
  }

  /**
   * Loads the newest turns, also those of other tabs, or the page of `query`, and sorts all turns by id, which is their
   * order in time. If turns are missing between the newest and the shown ones, only the newest stay. Returns true if the
   * server has answered.
   */
  async load(query = NEWEST) {
    const isOverdue = () => [undefined, query].includes(this.earlier.get());
    try {
      const { results, next } = await readPage(`api/conversations/${this.id}/messages/`, query);
      if (query !== NEWEST && !isOverdue()) return;
      const shown = this.turns.get();
      const fresh = results.filter(({ id }) => !shown.some((turn) => turn.id === id));
      const isGap = query === NEWEST && next && fresh.length === results.length;
      const kept = isGap ? shown.filter((turn) => age(turn) > age(results[0])) : shown;
      const all = [...kept, ...fresh].sort((one, other) => age(one).localeCompare(age(other)));
      const savedAs = ({ id }) => results.find((saved) => saved.id === id);
      for (const turn of shown.filter(isUnsettled)) Object.assign(turn, savedAs(turn));
      this.turns.set(all);
      if (!isOverdue() && !isGap) return true;
      this.earlier.set(next);
      this.problem.set(null);
      return true;
    } catch (error) {
      if (isOverdue() || error.status === 404) this.#fail(error);
    }
  }

  /** Sends a message and shows the answer as it arrives. If it is refused, the text goes back into the field. */
  async ask(message, model) {
    const turn = { message, model, response: '', status: 'answering' };
    const { signal } = (this.#controller = new AbortController());
    this.type(this.draft.get(), message);
    this.answering.set(true);
    this.problem.set(null);
    this.turns.set([...this.turns.get(), turn]);
    try {
      const path = this.id ? `api/conversations/${this.id}/messages/` : 'api/chat/';
      const question = { body: { message, model, stream: true }, accept: 'text/event-stream' };
      const { body } = await call('POST', path, { ...question, signal });
      turn.isBegun = true;
      this.type(this.draft.get(), '');
      for await (const [name, content] of eventsOf(body)) this.#take(turn, name, content);
      if (turn.status === 'answering') throw new Refusal(0, BROKEN_OFF);
    } catch (error) {
      await this.#end(turn, error);
    }
    sessionStorage.removeItem(this.#answerKey());
    this.answering.set(false);
    this.#show();
    await Promise.all([refreshWallet(), loadConversations()]).catch(() => undefined);
  }

  /**
   * Asks the server to stop the answer, which also ends the stream. Before the stream has started, aborts the request.
   */
  async stop() {
    const controller = this.#controller;
    const id = this.turns.get().find(({ status }) => status === 'answering')?.id;
    if (!id) return controller?.abort();
    await call('POST', `api/chat/${id}/stop/`).catch(() => controller.abort());
  }

  leave = () => this.#controller?.abort();

  /** Speaks whole sentences if this conversation is the open one. */
  #say(...texts) {
    for (const text of texts) {
      const [whole, rest] = bySentences(this.#unsaid + text);
      this.#unsaid = rest;
      const { view, id } = route.get();
      if (view === 'chat' && openConversations.get(id) === this) speak(whole);
    }
  }

  #take(turn, name, content) {
    if (name === 'delta') {
      turn.response += content.text;
      this.#say(content.text);
    }
    if (name === 'start') {
      turn.id = content.turn;
      this.#become(content.conversation);
      keep(this.#answerKey(), turn.id).catch(() => undefined);
    }
    if (name === 'reasoning') turn.thinking = (turn.thinking ?? '') + content.text;
    if (name === 'error') throw new Refusal(0, content);
    if (name !== 'done') return this.#showSoon();
    const { turn: id, tokens_charged: charged, tokens_balance: left } = content;
    const isStopped = content.finish_reason === 'cancelled';
    const status = isStopped ? 'aborted' : 'complete';
    Object.assign(turn, { id, response: content.response, tokens: charged, status });
    wallet.set({ ...wallet.get(), available: left });
    const ending = isStopped ? 'Stopped.' : 'End of the answer.';
    this.#say('\n', `${ending} It cost ${tokens(charged)}; ${tokens(left)} left.\n`);
  }

  async #end(turn, error) {
    const isStopped = error.name === 'AbortError';
    if (!isStopped && !(error instanceof Refusal)) error = new Refusal(0, BROKEN_OFF);
    const isLoggedOut = isStopped && !session.get();
    if (!turn.isBegun && !isLoggedOut) return this.#giveBack(turn, isStopped ? null : error);
    turn.status = isStopped ? 'aborted' : 'failed';
    turn.problem = isStopped ? undefined : error.message;
    this.#say('\n', `${isStopped ? 'Stopped.' : error.message}\n`);
    this.#show();
    await this.#settle(turn.id);
    if (!isUnsettled(turn)) this.#say(`It cost ${tokens(turn.tokens)}.\n`);
  }

  /** Nothing was saved, so puts the text back into the field, before what the user typed since. */
  #giveBack(turn, error) {
    this.turns.set(this.turns.get().filter((other) => other !== turn));
    this.type(joined(turn.message, this.draft.get()), '');
    this.#fail(error);
  }

  #fail = (error) => this.problem.set(error?.message === 'Not found.' ? MISSING : error);

  /**
   * Loads until the server has saved this turn, whose answer was interrupted by a stop, a fault or a reload, at most
   * POLLS_MAX times, and then forgets it. Ends if the server does not answer.
   */
  async #settle(turnId) {
    const isTurn = (turn) => turn.id === turnId && !isUnsettled(turn);
    for (let look = 1; turnId && look <= POLLS_MAX && !this.turns.get().some(isTurn); look += 1) {
      await pause(POLL_MS * look);
      if (openConversations.get(this.id) !== this) return;
      if (!(await this.load())) return;
    }
    // Meanwhile a newer answer may have begun, whose key must stay.
    if (sessionStorage.getItem(this.#answerKey()) === turnId)
      sessionStorage.removeItem(this.#answerKey());
  }

  /** Gives a new conversation its id and address when its first message is accepted. */
  #become(id) {
    if (this.id) return;
    sessionStorage.removeItem(draftKey(this.owner, ''));
    this.id = id;
    this.type(this.draft.get());
    openConversations.delete('');
    openConversations.set(id, this);
    const { view, id: open } = route.get();
    if (view === 'chat' && open === '') go(toConversation(id), true);
  }

  #show() {
    this.#frame = undefined;
    this.turns.set([...this.turns.get()]);
  }

  /** Updates the view at most once per frame. */
  #showSoon = () => (this.#frame ??= requestAnimationFrame(() => this.#show()));
}

/** Returns the conversation with this id in its last state, or the new conversation if the id is empty. */
export function conversationOf(id) {
  if (!openConversations.has(id)) openConversations.set(id, new OpenConversation(id || undefined));
  return openConversations.get(id);
}

export function forgetConversations(ids = [...openConversations.keys()]) {
  for (const id of ids) openConversations.get(id)?.leave();
  for (const id of ids) openConversations.delete(id);
}
