import { Marked } from './marked.js';
import './dompurify.js';
import { html, useLayoutEffect, useRef } from './preact.js';

const { DOMPurify } = globalThis;

/** Longer answers are shown as they are: reading them again for each word would make the page slow. */
const CHARS_MAX = 100_000;

const TAGS =
  'p br hr h1 h2 h3 h4 h5 h6 strong em del code pre blockquote ul ol li a table thead tbody tr th td';
const SAFE = {
  ALLOWED_TAGS: TAGS.split(' '),
  ALLOWED_ATTR: ['href', 'class', 'start', 'align'],
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
};

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text) => text.replaceAll(/[&<>"]/g, (mark) => ESCAPES[mark]);

/** HTML in an answer is text, and a picture is a link: the page loads nothing from elsewhere. */
const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** A block of code with its language, and a button that copies it where the browser lets pages do so. */
function frameCode(pre) {
  const code = pre.querySelector('code') ?? pre;
  const language = /language-(\S+)/.exec(code.className)?.[1] ?? 'text';
  const button = element('button', 'quiet', 'Copy');
  button.type = 'button';
  button.setAttribute('aria-label', 'Copy code');
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 2000);
  });
  const bar = element('figcaption');
  bar.append(element('span', '', language));
  if (navigator.clipboard) bar.append(button);
  const frame = element('figure', 'code');
  pre.replaceWith(frame);
  frame.append(bar, pre);
}

/** A block of Markdown as elements that are safe to show. */
function toElements(token, links) {
  const markup = marked.parser(Object.assign([token], { links }));
  const fragment = DOMPurify.sanitize(markup, SAFE);
  for (const pre of fragment.querySelectorAll('pre')) frameCode(pre);
  for (const link of fragment.querySelectorAll('a')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer nofollow';
  }
  for (const table of fragment.querySelectorAll('table')) {
    const frame = element('div', 'wide');
    table.replaceWith(frame);
    frame.append(table);
  }
  for (const named of fragment.querySelectorAll('code[class]')) named.removeAttribute('class');
  for (const wide of fragment.querySelectorAll('pre, .wide')) wide.tabIndex = 0;
  return fragment;
}

/** Shows the text, and leaves alone the blocks that are as they were: an answer grows at its end. */
function draw(root, shown, text) {
  const plain = [{ type: 'code', raw: text, text }];
  const tokens = text.length > CHARS_MAX ? plain : marked.lexer(text);
  const same = tokens.findIndex(({ raw }, index) => shown[index] !== raw);
  const from = same === -1 ? tokens.length : same;
  while (root.children.length > from) root.lastChild.remove();
  for (const token of tokens.slice(from)) {
    const block = element('div', 'block');
    block.append(toElements(token, tokens.links));
    root.append(block);
  }
  shown.splice(0, shown.length, ...tokens.map(({ raw }) => raw));
}

/** An answer. It is kept out of Preact's hands, because it is made of elements and not of text. */
export function Markdown({ text }) {
  const root = useRef(null);
  const shown = useRef([]);
  useLayoutEffect(() => draw(root.current, shown.current, text), [text]);
  return html`<div class="markdown" ref=${root}></div>`;
}
