import { call } from './api.js';
import { Chat } from './chat.js';
import { conversations } from './conversations.js';
import { number, words } from './format.js';
import { Icon, LazyView } from './parts.js';
import { html, useEffect } from './preact.js';
import { ACCOUNT, LAZY_VIEWS, NEW, go, route } from './route.js';
import { endReason, endSession, session } from './session.js';
import { Sidebar } from './sidebar.js';
import { clearSpeech } from './speech.js';
import { forgetConversations } from './open-conversation.js';
import { forgetWallet, wallet } from './wallet.js';

const NOT_ENDED = 'You are logged out here, but not on the server.';

/** Logs this browser out at once: a late answer must not end a newer login. Says so if the server's session goes on. */
function logOut() {
  const farewell = call('POST', 'api/logout/');
  sessionStorage.clear();
  endSession();
  farewell.catch(({ status }) => status === 401 || session.get() || endReason.set(NOT_ENDED));
}

function Header({ username, view }) {
  const available = number(wallet.use()?.available);
  return html`<header><a class="brand row" href=${NEW}><${Icon} name="mark" /> <h1>Tallychat</h1></a>
    <span class="balance"><strong key=${available}>${available}</strong> tokens</span>
    <a href=${ACCOUNT} aria-current=${view === 'account' ? 'page' : undefined} title=${username}>Account</a>
    <button class="quiet" onClick=${logOut}>Log out</button></header>`;
}

/** The view of a user who is logged in. */
export default function Home({ username }) {
  const { view, id } = route.use();
  const title = `${words(view)} – Tallychat`;
  useEffect(() => void (LAZY_VIEWS.includes(view) && (document.title = title)), [view]);
  return html`<div class="home"><${Header} username=${username} view=${view} /><${Sidebar} />
    ${LAZY_VIEWS.includes(view) ? html`<${LazyView} key=${view} name=${view} />` : html`<${Chat} id=${id} />`}</div>`;
}

let owner = session.get()?.username;

/** Any change of the login, also in another tab, clears the state. Another user starts at a new conversation. */
session.listen((now) => {
  if (now && now.username !== owner) go(NEW, true);
  owner = now?.username ?? owner;
  forgetConversations();
  forgetWallet();
  conversations.set({ all: null, next: null });
});
// Spoken text belongs to one conversation and one user.
for (const place of [route, session]) place.listen(clearSpeech);
