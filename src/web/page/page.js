import { Login } from './login.js';
import { LazyView } from './parts.js';
import { html, render, useEffect } from './preact.js';
import { route } from './route.js';
import { session } from './session.js';
import { Speech } from './speech.js';

/** The login view is small, so it appears immediately. */
function Page() {
  const current = session.use();
  useEffect(() => void (current || (document.title = 'Tallychat')), [current]);
  const home = route.use().view !== 'reset' && current;
  return html`${home ? html`<${LazyView} key=${home.token} name="home" username=${home.username} />` : html`<${Login} />`}
    <${Speech} />`;
}

render(html`<${Page} />`, document.getElementById('page'));
// Loads the other files half a second later, so that they do not delay the login view.
const loadLaterFiles = () => document.head.append(document.getElementById('later-files').content);
setTimeout(loadLaterFiles, session.get() ? 0 : 500);
