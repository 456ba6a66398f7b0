import { Login } from './login.js';
import { LazyView } from './parts.js';
import { html, render, useEffect } from './preact.js';
import { route } from './route.js';
import { session } from './session.js';
import { Speech } from './speech.js';

/** The login is small, so that it is there at once. */
function Page() {
  const current = session.use();
  useEffect(() => void (current || (document.title = 'Tallychat')), [current]);
  const home = route.use().view !== 'reset' && current;
  return html`${home ? html`<${LazyView} key=${home.token} name="home" username=${home.username} />` : html`<${Login} />`}
    <${Speech} />`;
}

render(html`<${Page} />`, document.getElementById('page'));
// Half a second later the login is painted: what is behind it does not keep it waiting.
const loadRemainingFiles = () => document.head.append(document.getElementById('behind').content);
setTimeout(loadRemainingFiles, session.get() ? 0 : 500);
