import { html } from './preact.js';
import { store } from './store.js';

const SENTENCES_KEPT = 30;
/** A mark that ends a sentence, with what closes after it, before white space; or the end of a line. */
const SENTENCE_END = /[.!?…:]["'”’)\]]*(?=\s)|\n/g;

const sentences = store([]);
let unspoken = '';
let spoken = 0;

/** Lets screen readers speak a sentence, after what they are speaking now. */
export function say(text) {
  const plain = text.replaceAll(/[*_`#>|~]+/g, '').trim();
  if (plain === '') return;
  spoken += 1;
  sentences.set([...sentences.get(), { id: spoken, plain }].slice(-SENTENCES_KEPT));
}

/** Takes an answer as it comes, and says it by whole sentences: never a piece of a word. */
export function sayAsItComes(text) {
  unspoken += text;
  const end = [...unspoken.matchAll(SENTENCE_END)].at(-1);
  if (!end) return;
  const cut = end.index + end[0].length;
  say(unspoken.slice(0, cut));
  unspoken = unspoken.slice(cut);
}

/** What was said was of another conversation, or of somebody else. */
export function hush() {
  unspoken = '';
  sentences.set([]);
}

/** Says what is left of an answer, and how it ended. */
export function sayTheEnd(ending) {
  say(unspoken);
  unspoken = '';
  say(ending);
}

/** The one live region. What it says is seen elsewhere on the page. */
export const Speech = () => html`<div class="unseen" role="status" aria-live="polite">
  ${sentences.use().map(({ id, plain }) => html`<p key=${id}>${plain}</p>`)}
</div>`;
