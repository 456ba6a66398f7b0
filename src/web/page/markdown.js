import { Marked, Renderer } from './marked.js';
import './dompurify.js';
import { html, useLayoutEffect, useRef } from './preact.js';

const { DOMPurify } = globalThis;

/** Longer answers are shown as plain text: parsing them again for each word would make the page slow. */
const CHARS_MAX = 100_000;

const TAGS =
  'p br hr h1 h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li a table thead tbody tr th td div figure figcaption button';
const PLAIN = ['class', 'start', 'align', 'tabindex', 'type'];
const SAFE = {
  ALLOWED_TAGS: TAGS.split(' '),
  ALLOWED_ATTR: ['href', ...PLAIN],
  ADD_URI_SAFE_ATTR: PLAIN,
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
};

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text) => text.replaceAll(/[&<>"]/g, (mark) => ESCAPES[mark]);

/** Browsers offer the clipboard only to pages on a secure connection. */
const COPY = navigator.clipboard
  ? '<button type="button" class="quiet" aria-label="Copy code">Copy</button>'
  : '';

/** Shows HTML as text and pictures as links, so that the page loads nothing from other hosts. */
const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    code: ({ text, lang }) =>
      `<figure class="code"><figcaption class="muted row">${escape(lang || 'text')}${COPY}</figcaption>
      <pre tabindex="0"><code>${escape(text)}\n</code></pre></figure>`,
    table(token) {
      return `<div class="wide" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>`;
    },
  },
});

/** Returns a block of Markdown as sanitized elements. */
function toElements(token, links) {
  const fragment = DOMPurify.sanitize(marked.parser(Object.assign([token], { links })), SAFE);
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  return fragment;
}

/** Shows the text. Keeps the unchanged blocks, because an answer grows at its end. */
function draw(root, shown, text) {
  const plain = [{ type: 'code', raw: text, text }];
  const tokens = text.length > CHARS_MAX ? plain : marked.lexer(text);
  const same = tokens.findIndex(({ raw }, index) => shown[index] !== raw);
  const from = same === -1 ? tokens.length : same;
  while (root.children.length > from) root.lastChild.remove();
  for (const token of tokens.slice(from)) {
    const block = document.createElement('div');
    Object.assign(block, { className: 'block', dir: 'auto' });
    block.append(toElements(token, tokens.links));
    root.append(block);
  }
  shown.splice(0, shown.length, ...tokens.map(({ raw }) => raw));
}

async function copyCode({ target }) {
  if (target.localName !== 'button') return;
  await navigator.clipboard.writeText(target.closest('figure').querySelector('code').textContent);
  const name = (word) => Object.assign(target, { textContent: word, ariaLabel: `${word} code` });
  name('Copied');
  setTimeout(() => name('Copy'), 2000);
}

/** An answer. Preact does not manage its content, because that is made of DOM elements. */
export function Markdown({ text }) {
  const root = useRef(null);
  const shown = useRef([]);
  useLayoutEffect(() => draw(root.current, shown.current, text), [text]);
  return html`<div class="markdown" ref=${root} onClick=${copyCode}></div>`;
}
