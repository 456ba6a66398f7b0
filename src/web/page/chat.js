import { Composer, useModel } from './composer.js';
import { change, conversations, download } from './conversations.js';
import { Button, Dialog, Field, Icon, useAttempt } from './parts.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './preact.js';
import { NEW, go } from './route.js';
import { titleOf } from './sidebar.js';
import { forgetThread, threadOf } from './thread.js';
import { TurnView } from './turn.js';

/** Who is this near to the end follows what comes; who has scrolled up is reading. */
const NEAR_PX = 80;

/** What can be done with a conversation, each after a question. */
const ACTIONS = {
  Rename: {
    title: 'Rename the conversation',
    action: 'Save',
    act: (id, { title }) => change('PATCH', id, { title }),
    question: (title) => html`<${Field} id="title" label="Title" defaultValue=${title} required
      maxlength="80" />`,
  },
  Export: {
    title: 'Export the conversation',
    action: 'Download',
    act: (id, { type }) => download(id, type),
    question: () => html`<div class="field"><label for="type">Format</label>
      <select id="type" name="type"><option value="markdown">Markdown</option>
        <option value="json">JSON</option></select></div>`,
  },
  Delete: {
    title: 'Delete the conversation?',
    action: 'Delete conversation',
    act: async (id) => {
      await change('DELETE', id);
      forgetThread(id);
      go(NEW);
    },
    question: (title) => html`<p>“${title}” and all its answers are removed for good. What they cost
      is not given back.</p>`,
  },
};

function Heading({ id }) {
  const [open, setOpen] = useState(null);
  const known = conversations.use().all?.find((each) => each.id === id);
  const title = id ? titleOf(known) : 'New conversation';
  useEffect(() => void (document.title = `${title} – Tallychat`), [title]);
  const { question, act, ...texts } = ACTIONS[open] ?? {};
  const buttons = Object.keys(ACTIONS).map(
    (name) => html`<${Button} key=${name} when=${id} onClick=${() => setOpen(name)}>${name}<//>`,
  );
  const dialog =
    open &&
    html`<${Dialog} ...${texts} onClose=${() => setOpen(null)}
    onSubmit=${(fields) => act(id, fields)}>${question(title)}<//>`;
  return html`<div class="heading">
    <h2>${title}</h2>
    ${buttons}
    ${dialog}
  </div>`;
}

const Welcome = () => html`<div class="welcome">
  <${Icon} name="mark" />
  <strong>What would you like to know?</strong>
  <p class="muted">You see the price of an answer before you send. Enter sends.</p>
</div>`;

/** Keeps the end in view as an answer grows, until the reader scrolls up. */
function useFollowing(turns) {
  const scroller = useRef(null);
  const [isFollowing, setFollowing] = useState(true);
  const toEnd = () => scroller.current?.scrollTo(0, scroller.current.scrollHeight);
  const scrolled = () => {
    const { scrollHeight, scrollTop, clientHeight } = scroller.current;
    setFollowing(scrollHeight - scrollTop - clientHeight < NEAR_PX);
  };
  useLayoutEffect(() => void (isFollowing && toEnd()), [turns]);
  return { scroller, isFollowing, toEnd, scrolled };
}

function Turns({ thread, onAsk, onEdit, follow }) {
  const turns = thread.turns.use();
  const isAnswering = thread.answering.use();
  const earlier = thread.earlier.use();
  const isLoaded = thread.isLoaded.use();
  const [run, isRunning] = useAttempt();
  const { scroller, isFollowing, toEnd, scrolled } = useFollowing(turns);
  follow.current = toEnd;
  const items = turns.map(
    (turn) => html`<${TurnView} key=${turn.key ?? turn.id} turn=${turn}
    onAsk=${isAnswering ? undefined : onAsk} onEdit=${onEdit} />`,
  );
  return html`<section class="scroller" ref=${scroller} onScroll=${scrolled} tabindex="0"
      aria-label="Conversation" aria-busy=${isAnswering}>
      ${isLoaded && turns.length === 0 && html`<${Welcome} />`}
      <${Button} when=${earlier} disabled=${isRunning} onClick=${() => run(() => thread.load())}>
        Show earlier<//>
      <ol>${items}</ol>
    </section>
    <${Button} when=${!isFollowing} class="round latest" aria-label="Jump to the end" onClick=${toEnd}>
      <${Icon} name="down" /><//>`;
}

/** One conversation. */
export function Chat({ id }) {
  const thread = threadOf(id);
  const choice = useModel();
  const field = useRef(null);
  const follow = useRef(null);
  useEffect(() => void (thread.isLoaded.get() || thread.load()), [thread]);
  const onAsk = (message) => {
    void thread.ask(message, choice[0]?.id);
    requestAnimationFrame(() => follow.current());
  };
  const onEdit = (message) => {
    thread.type([thread.draft.get(), message].filter(Boolean).join('\n\n'));
    field.current.focus();
  };
  return html`<main class="chat" key=${thread.key}>
    <${Heading} id=${thread.id} />
    <${Turns} thread=${thread} onAsk=${onAsk} onEdit=${onEdit} follow=${follow} />
    <${Composer} thread=${thread} onAsk=${onAsk} choice=${choice} field=${field} />
  </main>`;
}
