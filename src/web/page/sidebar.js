import { conversations, loadConversations, titleOf } from './conversations.js';
import { Button, Icon, Problem, useAnswer, useAttempt } from './parts.js';
import { html, useEffect, useState } from './preact.js';
import { NEW, go, route, toConversation, windowFocus } from './route.js';
import { loadModels, refreshWallet } from './wallet.js';

function Links({ links, open, none }) {
  const item = ({ key, id, label }) => html`<li key=${key}>
    <a href=${toConversation(id)} aria-current=${id === open ? 'page' : undefined}>${label}</a></li>`;
  return links[0] ? html`<ul>${links.map(item)}</ul>` : html`<p class="muted">${none}</p>`;
}

/** The list of conversations: a column, or a row on a small screen. */
export function Sidebar() {
  const { id: open } = route.use();
  const { all, next } = conversations.use();
  const [text, setText] = useState('');
  const sought = text.trim().toLowerCase();
  const question = sought && ['GET', `api/chat/?search=${encodeURIComponent(sought)}`];
  const { answer: found, problem: searchProblem } = useAnswer(question);
  const [run, isRunning, problem] = useAttempt();
  // Other tabs and clients change it too. If the server was unreachable, one button loads everything that is missing.
  const begin = () => Promise.all([loadConversations(), refreshWallet(), loadModels()]);
  useEffect(() => void run(begin), [windowFocus.use()]);
  // A matching title may be on a later page. Stops at 1,000, because more pages would exceed the limit per minute.
  const isIncomplete = sought && next && all.length < 1000 && !isRunning && !problem;
  useEffect(() => void (isIncomplete && run(() => loadConversations(next))), [isIncomplete]);
  const kept = (all ?? []).map((each) => ({ key: each.id, id: each.id, label: titleOf(each) }));
  const titled = kept.filter(({ label }) => label.toLowerCase().includes(sought));
  const linkTo = ({ id: key, conversation: id, message: label }) => ({ key, id, label });
  const said = found?.results.map(linkTo) ?? [];
  const none = sought ? 'Nothing was found.' : 'Your conversations appear here.';

  return html`<nav class="sidebar" aria-label="Conversations">
    <button class="primary" onClick=${() => go(NEW)}><${Icon} name="plus" /> New conversation</button>
    <input type="search" aria-label="Search" placeholder="Search" value=${text}
      onInput=${(event) => setText(event.target.value)} />
    <div class="list">
      <${Problem} text=${(searchProblem ?? problem)?.message} />
      ${(all || found) && html`<${Links} links=${[...titled, ...said]} open=${open} none=${(found || !sought) && none} />`}
      <${Button} when=${!sought && (next || problem)} aria-disabled=${isRunning} 
        onClick=${() => run(problem ? undefined : () => loadConversations(next))}>
        ${problem ? 'Try again' : 'Show more'}<//>
    </div></nav>`;
}
