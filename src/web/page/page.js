import { Chat } from './chat.js';
import { call } from './api.js';
import { conversations } from './conversations.js';
import { number, words } from './format.js';
import { Login } from './login.js';
import { Icon, Problem } from './parts.js';
import { html, render, useEffect, useState } from './preact.js';
import { ACCOUNT, LATER, NEW, route } from './route.js';
import { endSession, session } from './session.js';
import { Sidebar } from './sidebar.js';
import { Speech } from './speech.js';
import { forgetThreads } from './thread.js';
import { forgetWallet, loadModels, refreshWallet, wallet } from './wallet.js';

/** The browser is logged out whatever happens; where the server was not told, that is said. */
async function logOut() {
  const untold = () => 'You are logged out here, but the server could not be told.';
  const farewell = await call('POST', 'api/logout/').then(() => '', untold);
  sessionStorage.clear();
  endSession(farewell);
}

function Header({ username, view }) {
  const purse = wallet.use();
  const available = purse ? number(purse.available) : '–';
  return html`<header>
    <a class="brand row" href=${NEW}><${Icon} name="mark" /> <h1>Tallychat</h1></a>
    <span class="balance"><strong key=${available}>${available}</strong> tokens</span>
    <a href=${ACCOUNT} aria-current=${view === 'account' ? 'page' : undefined} title=${username}>
      Account</a>
    <button class="quiet" onClick=${logOut}>Log out</button>
  </header>`;
}

/** What is beside the chat is loaded when it is opened: the account, and the console. */
function Later({ view }) {
  const [View, setView] = useState(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    document.title = `${words(view)} – Tallychat`;
    const failed = () => setProblem('The page could not be loaded. Reload it to try again.');
    import(`./${view}.js`).then((module) => setView(() => module.default), failed);
  }, []);
  return html`<main class="account">${View && html`<${View} />`}<${Problem} text=${problem} /></main>`;
}

function Home({ username }) {
  const { view, id } = route.use();
  // Where the server is away, the list of conversations says so.
  useEffect(() => void Promise.all([refreshWallet(), loadModels()]).catch(() => undefined), []);
  return html`<div class="home">
    <${Header} username=${username} view=${view} />
    <${Sidebar} />
    ${LATER.includes(view) ? html`<${Later} key=${view} view=${view} />` : html`<${Chat} id=${id} />`}
  </div>`;
}

function Page() {
  const current = session.use();
  useEffect(() => void (current || (document.title = 'Tallychat')), [current]);
  const { view } = route.use();
  return html`${
    current && view !== 'reset'
      ? html`<${Home} key=${current.token} username=${current.username} />`
      : html`<${Login} />`
  }<${Speech} />`;
}

/** A login, another login or its end, here or in another tab, starts the page afresh. */
session.listen(() => {
  forgetThreads();
  forgetWallet();
  conversations.set({ all: null, next: null });
});

render(html`<${Page} />`, document.getElementById('page'));
