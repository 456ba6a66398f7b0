import { Composer, useModel } from './composer.js';
import { change, conversations, download } from './conversations.js';
import { Actions, Button, Icon, useAttempt } from './parts.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './preact.js';
import { NEW, go } from './route.js';
import { titleOf } from './sidebar.js';
import { forgetThreads, joined, threadOf } from './thread.js';
import { TurnView } from './turn.js';

/** Who is this near to the end follows what comes; who has scrolled up is reading. */
const NEAR_PX = 80;

/** What can be done with a conversation, each after a question. */
const actionsOf = (id, title) => ({
  Rename: {
    title: 'Rename the conversation',
    actions: ['Save'],
    fields: 'title',
    values: { title },
    act: (body) => change('PATCH', id, body),
  },
  Export: {
    actions: ['Download'],
    fields: 'type=markdown,json',
    act: ({ type }) => download(id, type),
  },
  Delete: {
    title: 'Delete the conversation?',
    text: `“${title}” and all its answers are removed for good. What they cost is not given back.`,
    actions: ['Delete conversation'],
    act: async () => {
      await change('DELETE', id);
      forgetThreads([id]);
      go(NEW);
    },
  },
});

function Heading({ id }) {
  const known = conversations.use().all?.find((each) => each.id === id);
  const title = id ? titleOf(known) : 'New conversation';
  useEffect(() => void (document.title = `${title} – Tallychat`), [title]);
  return html`<div class="heading">
    <h2>${title}</h2>
    ${id && html`<${Actions} of=${actionsOf(id, title)} />`}
  </div>`;
}

const Welcome = () => html`<div class="welcome">
  <${Icon} name="mark" />
  <strong>What would you like to know?</strong>
  <p class="muted">You see the price before you send.</p>
</div>`;

/** The turns. The end is kept in view as an answer grows, until the reader scrolls up. */
function Turns({ thread, onAsk, onEdit, follow }) {
  const turns = thread.turns.use();
  const isAnswering = thread.answering.use();
  const earlier = thread.earlier.use();
  const isLoaded = thread.isLoaded.use();
  const [run, isRunning] = useAttempt();
  const scroller = useRef(null);
  const [isFollowing, setFollowing] = useState(true);
  const toEnd = () => scroller.current?.scrollTo(0, scroller.current.scrollHeight);
  const scrolled = () => {
    const { scrollHeight, scrollTop, clientHeight } = scroller.current;
    setFollowing(scrollHeight - scrollTop - clientHeight < NEAR_PX);
  };
  useLayoutEffect(() => void (isFollowing && toEnd()), [turns]);
  follow.current = toEnd;
  const view = (turn) => html`<${TurnView} key=${turn.key ?? turn.id} turn=${turn}
    onAsk=${isAnswering ? undefined : onAsk} onEdit=${onEdit} />`;
  return html`<section class="scroller" ref=${scroller} onScroll=${scrolled} tabindex="0"
      aria-label="Conversation" aria-busy=${isAnswering}>
      ${isLoaded && turns.length === 0 && html`<${Welcome} />`}
      <${Button} when=${earlier} disabled=${isRunning} onClick=${() => run(() => thread.load())}>
        Show earlier<//>
      <ol>${turns.map(view)}</ol>
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
    thread.type(joined(thread.draft.get(), message));
    field.current.focus();
  };
  return html`<main class="chat" key=${thread.key}>
    <${Heading} id=${thread.id} />
    <${Turns} thread=${thread} onAsk=${onAsk} onEdit=${onEdit} follow=${follow} />
    <${Composer} thread=${thread} onAsk=${onAsk} choice=${choice} field=${field} />
  </main>`;
}
