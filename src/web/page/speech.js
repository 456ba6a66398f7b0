import { html } from './preact.js';
import { store } from './store.js';

const SENTENCES_KEPT = 30;
/** A mark that ends a sentence, with what closes after it, before white space; or the end of a line. */
const SENTENCE_END = /[.!?…:]["'”’)\]]*(?=\s)|\n/g;

const sentences = store([]);

/** Lets screen readers speak a sentence, after what they are speaking now. */
export function speak(text) {
  const plain = text.replaceAll(/[*_`#>|~]+/g, '').trim();
  if (plain === '') return;
  sentences.set([...sentences.get(), { plain }].slice(-SENTENCES_KEPT));
}

/** The whole sentences of a text, and what follows them: what is spoken never ends within a word. */
export function bySentences(text) {
  const end = [...text.matchAll(SENTENCE_END)].at(-1);
  const cut = end ? end.index + end[0].length : 0;
  return [text.slice(0, cut), text.slice(cut)];
}

/** What was said was of another conversation, or of somebody else. */
export const clearSpeech = () => sentences.set([]);

/** The one live region. What it says is seen elsewhere on the page. */
export const Speech = () => html`<div class="unseen" role="status" aria-live="polite">
  ${sentences.use().map((sentence) => html`<p key=${sentence}>${sentence.plain}</p>`)}
</div>`;
