import { ask } from './api.js';
import { tokens } from './format.js';
import { Field, Icon, Problem, submitted, useAttempt } from './parts.js';
import { html } from './preact.js';
import { beginSession, farewell } from './session.js';

const grant = Number(document.documentElement.dataset.openingGrant);
const HINT = grant
  ? `A new account starts with ${tokens(grant)}.`
  : 'A new account starts empty, and is filled with a code.';

/** One form for those who come back and for those who are new. */
export function Login() {
  const reason = farewell.use();
  const [run, isRunning, problem] = useAttempt();
  const submit = submitted(({ username, password }, button) =>
    run(async () => {
      const path = button?.value === 'register' ? 'api/register/' : 'api/login/';
      const { token } = await ask('POST', path, { body: { username, password } });
      beginSession(token, username);
    }),
  );
  const { username: badName, password: badPassword } = problem?.fields ?? {};

  return html`<main class="login">
    <form class="card" onSubmit=${submit}>
      <h1><${Icon} name="mark" /> Tallychat</h1>
      <p class="muted">Chat with a model, and pay for each answer from your wallet.</p>
      ${reason && html`<p class="notice" role="status">${reason}</p>`}
      <${Field} id="username" label="Username" problem=${badName?.join(' ')} required
        autocomplete="username" autocapitalize="none" spellcheck=${false} />
      <${Field} id="password" label="Password" problem=${badPassword?.join(' ')} required
        type="password" autocomplete="current-password" />
      <${Problem} text=${badName || badPassword ? '' : problem?.message} />
      <div class="inline">
        <button class="primary" value="login" disabled=${isRunning}>Log in</button>
        <button value="register" disabled=${isRunning}>Register</button>
      </div>
      <p class="muted">${HINT}</p>
    </form>
    <a href="api/docs/">API documentation</a>
  </main>`;
}
