import { html } from './preact.js';
import { store } from './store.js';

const SENTENCES_KEPT = 30;
/** The end of a sentence: a mark, with closing quotes or brackets, before white space; or the end of a line. */
const SENTENCE_END = /[.!?…:]["'”’)\]]*(?=\s)|\n/g;

const sentences = store([]);

/** Makes screen readers speak a text after the current one. */
export function speak(text) {
  const plain = text.replaceAll(/[*_`#>|~]+/g, '').trim();
  if (plain === '') return;
  sentences.set([...sentences.get(), { plain }].slice(-SENTENCES_KEPT));
}

/** Splits a text into its whole sentences and the rest, so that no spoken text ends inside a word. */
export function bySentences(text) {
  const end = [...text.matchAll(SENTENCE_END)].at(-1);
  const cut = end ? end.index + end[0].length : 0;
  return [text.slice(0, cut), text.slice(cut)];
}

/** Called when the conversation or the user changes. */
export const clearSpeech = () => sentences.set([]);

/** The only live region. Its text is also visible elsewhere on the page. */
export const Speech = () => html`<div class="unseen" role="status" aria-live="polite">
  ${sentences.use().map((sentence) => html`<p key=${sentence}>${sentence.plain}</p>`)}
</div>`;
