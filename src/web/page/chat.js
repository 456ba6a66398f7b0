import { Composer, useModel } from './composer.js';
import { change, conversations, download, titleOf } from './conversations.js';
import { tokens } from './format.js';
import { Markdown } from './markdown.js';
import { Actions, Button, Icon, Problem, useAnswer, useAttempt } from './parts.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './preact.js';
import { NEW, go, windowFocus } from './route.js';
import { forgetConversations, joined, conversationOf } from './open-conversation.js';

/** A reader who scrolls down to this distance from the end follows the answer again. */
const NEAR_END_PX = 100;
const SCROLL_UP_KEYS = ['PageUp', 'ArrowUp', 'Home'];

/** The actions on a conversation. Each one opens a dialog first. */
const actionsOf = (id, title) => ({
  Rename: {
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
    text: `“${title}” and all its answers are deleted permanently. Their cost is not refunded.`,
    actions: ['Delete conversation'],
    act: async () => {
      await change('DELETE', id);
      forgetConversations([id]);
      go(NEW);
    },
  },
});

function Heading({ id }) {
  const { all } = conversations.use();
  const listed = all?.find((each) => each.id === id);
  const [version, setVersion] = useState(0);
  // The conversation may be on a page of the list that is not loaded.
  const question = id && all && !listed && ['GET', `api/conversations/${id}/?${version}`];
  const { answer, before = answer } = useAnswer(question, 0);
  const title = id ? titleOf(listed ?? before) : 'New conversation';
  useEffect(() => void (document.title = `${title} – Tallychat`), [title]);
  return html`<div class="heading"><h2>${title}</h2>
    ${id && html`<${Actions} of=${actionsOf(id, title)} onDone=${() => setVersion(version + 1)} />`}</div>`;
}

const Welcome = () => html`<div class="welcome">
  <${Icon} name="mark" /><strong>What would you like to know?</strong>
  <p class="muted">You see the price before you send.</p></div>`;

const STATES = { answering: 'Answering…', aborted: 'Stopped', failed: 'Not answered' };

/** A question and its answer. `onAsk` is undefined while an answer is running. */
function TurnView({ turn, onAsk, onEdit }) {
  const { message, response, thinking, status, problem, model, tokens: charged } = turn;
  const outcome = [STATES[status], model, charged !== undefined && tokens(charged)];
  return html`<article class="turn">
    <h3 class="unseen">You</h3>
    <p class="question" dir="auto">${message}</p>
    <h3 class="unseen">Answer</h3>
    ${thinking && html`<details><summary>Thinking</summary><p>${thinking}</p></details>`}
    <${Markdown} text=${response} />
    <${Problem} text=${problem} />
    <p class="outcome muted">
      <span class=${status}>${outcome.filter(Boolean).join(' · ')}</span>
      <${Button} when=${onAsk} onClick=${() => onAsk(message)}>Retry<//>
      <${Button} when=${onAsk} onClick=${() => onEdit(message)}>Edit and ask again<//></p>
  </article>`;
}

/** The turns. Keeps the end in view while an answer grows, until the reader scrolls up. */
function Turns({ conversation, onAsk, onEdit, toEnd }) {
  const turns = conversation.turns.use();
  const isAnswering = conversation.answering.use();
  const earlier = conversation.earlier.use();
  const isLoaded = earlier !== undefined;
  const problem = conversation.problem.use();
  const [run, isRunning] = useAttempt();
  const [scroller, place] = [useRef(null), useRef(0)];
  const [isFollowing, setFollowing] = useState(true);
  const follow = () => {
    scroller.current.scrollTo(0, scroller.current.scrollHeight);
    place.current = scroller.current.scrollTop;
  };
  toEnd.current = () => setFollowing(true);
  const scrolled = ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
    const rest = scrollHeight - scrollTop - clientHeight;
    if (scrollTop < place.current && rest >= 1) setFollowing(false);
    if (scrollTop > place.current && rest <= NEAR_END_PX) setFollowing(true);
    place.current = scrollTop;
  };
  // Stops following at the first sign of scrolling up: a smooth scroll would be undone before it moved.
  const onScrollInput = ({ deltaY, key, shiftKey, currentTarget }) => {
    const isUp = deltaY < 0 || SCROLL_UP_KEYS.includes(key) || (key === ' ' && shiftKey);
    if (isUp && currentTarget.scrollTop > 0) setFollowing(false);
    if (key === 'End') toEnd.current();
  };
  // The room for the turns also changes when something beside them appears or wraps.
  const [room, setRoom] = useState();
  useLayoutEffect(() => void new ResizeObserver(() => setRoom({})).observe(scroller.current), []);
  useLayoutEffect(() => void (isFollowing && follow()), [turns, isFollowing, isAnswering, room]);
  const back = () => {
    toEnd.current();
    scroller.current.focus();
  };
  const view = (turn) => html`<${TurnView} key=${turn} turn=${turn}
    onAsk=${isAnswering ? undefined : onAsk} onEdit=${onEdit} />`;
  return html`<section class="scroller" ref=${scroller} onScroll=${scrolled} onWheel=${onScrollInput}
      onKeyDown=${onScrollInput} tabindex="0" aria-label="Conversation" aria-busy=${isAnswering}>
      ${isLoaded && turns.length === 0 && html`<${Welcome} />`}
      <${Button} when=${earlier || (problem && !isLoaded)} aria-disabled=${isRunning}
        onClick=${() => run(() => conversation.load(earlier ?? undefined))}>${isLoaded ? 'Show earlier' : 'Try again'}<//>
      ${turns.map(view)}
    </section>
    <${Button} when=${!isFollowing} class="round latest" aria-label="Jump to the end" onClick=${back}>
      <${Icon} name="down" /><//>`;
}

/** One conversation. */
export function Chat({ id }) {
  const conversation = conversationOf(id);
  const choice = useModel();
  const [field, toEnd] = [useRef(null), useRef(null)];
  const look = () => conversation.id && !conversation.answering.get() && conversation.load();
  useEffect(() => void look(), [conversation, windowFocus.use()]);
  const onAsk = (message) => {
    void conversation.ask(message, choice[0]?.id);
    requestAnimationFrame(() => toEnd.current());
  };
  const onEdit = (message) => {
    conversation.type(joined(conversation.draft.get(), message));
    field.current.focus();
  };
  return html`<main class="chat" key=${conversation}>
    <${Heading} key=${conversation.id} id=${conversation.id} />
    <${Turns} conversation=${conversation} onAsk=${onAsk} onEdit=${onEdit} toEnd=${toEnd} />
    <${Composer} conversation=${conversation} onAsk=${onAsk} choice=${choice} field=${field} />
  </main>`;
}
