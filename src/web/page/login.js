import { ask, call } from './api.js';
import { tokens } from './format.js';
import { Form, Icon } from './parts.js';
import { html } from './preact.js';
import { FORGOTTEN, NEW, go, route } from './route.js';
import { beginSession, endSession, endReason } from './session.js';

const { openingGrant, registration } = document.documentElement.dataset;
const isOpen = registration === 'open';
const GRANT = Number(openingGrant)
  ? `A new account starts with ${tokens(Number(openingGrant))}.`
  : 'A new account has no tokens. Redeem a code to add tokens.';
const CLOSED = 'Registration is closed: ask the operator of this service for an account.';

/** The forms before the login. The first one is for returning and for new users. */
const FORMS = {
  chat: {
    text: `Chat with a model, and pay for each answer from your wallet. ${isOpen ? GRANT : CLOSED}`,
    fields: 'username password',
    actions: isOpen ? ['Log in', 'Register'] : ['Log in'],
    act: async (body, button) => {
      const path = button === 'Register' ? 'api/register/' : 'api/login/';
      beginSession((await ask('POST', path, { body })).token, body.username);
    },
  },
  forgotten: {
    text: 'A link to set a new password is sent to the e-mail address of your account.',
    fields: 'username',
    actions: ['Send the link'],
    act: async (body) => {
      await call('POST', 'api/password/reset/', { body });
      return 'If the account has an e-mail address, the link is on its way. If not, ask the operator of this service.';
    },
  },
  reset: {
    text: 'Choose a new password. This ends all your sessions.',
    fields: 'new_password',
    actions: ['Change the password'],
    act: async (body) => {
      const link = { ...body, token: route.get().id };
      await call('POST', 'api/password/reset/confirm/', { body: link });
      endSession('Your password is changed. Log in with the new password.');
      go(NEW, true);
    },
  },
};

/** The view of a visitor who is not logged in: one of the forms. */
export function Login() {
  const reason = endReason.use();
  const { view } = route.use();
  const { text, ...form } = FORMS[view] ?? FORMS.chat;
  return html`<main class="login"><${Form} class="card" key=${view} ...${form}>
      <h1><${Icon} name="mark" /> Tallychat</h1>
      <p class="muted">${text}</p>
      ${reason && html`<p class="notice" role="status">${reason}</p>`}
    <//>
    <a href=${view === 'forgotten' ? NEW : FORGOTTEN}>
      ${view === 'forgotten' ? 'Log in' : 'Forgot your password?'}</a>
    <a href="api/docs/">API documentation</a></main>`;
}
