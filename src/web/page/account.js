import { ask, call } from './api.js';
import { RedeemForm } from './composer.js';
import { number, tokens } from './format.js';
import { Card, List, Usage } from './list.js';
import { Actions, useAnswer } from './parts.js';
import { html, useEffect, useState } from './preact.js';
import { CONSOLE } from './route.js';
import { endSession, session } from './session.js';
import { refreshWallet, wallet } from './wallet.js';

const KEYS = {
  title: 'API keys',
  path: 'api/keys/',
  columns: 'name prefix scopes used limit limit_reset expires_at last_used_at',
  none: 'You have no keys. A program that uses your account needs a key.',
  listActions: {
    'Create a key': {
      fields: 'name scopes=chat,history,wallet limit? limit_reset=,daily,monthly expires_at?',
      act: async (body) => (await ask('POST', 'api/keys/', { body })).key,
    },
  },
  entryActions: ({ id, name }) => ({
    Rotate: {
      text: `“${name}” gets a new key. The old key stops working at once.`,
      act: async () => (await ask('POST', `api/keys/${id}/rotate/`, { body: {} })).key,
    },
    Revoke: {
      text: `Programs that use “${name}” are refused from now on.`,
      act: () => call('DELETE', `api/keys/${id}/`),
    },
  }),
};

const SESSIONS = {
  title: 'Sessions',
  path: 'api/sessions/',
  columns: 'kind current created_at last_used_at',
  listActions: {
    'End all other sessions': {
      text: 'Only this session stays logged in. API keys keep working.',
      act: () => call('DELETE', 'api/sessions/'),
    },
  },
  entryActions: ({ id, current }) =>
    !current && {
      End: { text: 'It is logged out.', act: () => call('DELETE', `api/sessions/${id}/`) },
    },
};

/** The actions that change the daily limit or the login, or delete the account. */
const actionsOf = (me, limits) => ({
  'Change the daily limit': {
    text: 'Leave it empty for no limit. A day begins at midnight UTC.',
    fields: 'daily?',
    values: limits,
    act: (body) => ask('PUT', 'api/wallet/limits/', { body }).then(() => refreshWallet()),
  },
  'Change the password': {
    text: 'All other sessions end. API keys keep working.',
    fields: 'current_password new_password',
    act: (body) => call('POST', 'api/password/', { body }),
  },
  'Change the e-mail': {
    fields: 'email?',
    values: me,
    act: (body) => ask('PATCH', 'api/me/', { body }),
  },
  'Delete the account': {
    text: 'Your conversations, keys and sessions are deleted permanently, and your tokens are lost. Ledger entries stay, without your name.',
    fields: 'password',
    act: async (body) => {
      await call('DELETE', 'api/me/', { body });
      sessionStorage.clear();
      endSession('Your account is deleted.');
    },
  },
});

/** The account page: wallet, usage, keys, sessions and login. */
export default function Account() {
  const purse = wallet.use();
  const [version, setVersion] = useState(0);
  const [done, setDone] = useState(0);
  const { answer: me } = useAnswer(['GET', `api/me/?${done}`], 0);
  useEffect(() => void refreshWallet().catch(() => undefined), []);
  const { daily, spent_today: spent } = purse?.limits ?? {};
  return html`<main class="account"><div class="row"><h2>${session.get()?.username}</h2>
      ${me?.is_staff && html`<a href=${CONSOLE}>Console</a>`}</div>
    <${Card} title="Wallet">
      <p><strong>${number(purse?.available)}</strong> tokens available, ${number(purse?.held)} held for
        running answers, ${tokens(spent)} spent today${purse && daily !== null && ` of ${tokens(daily)}`}</p>
      <${RedeemForm} onRedeemed=${() => setVersion(version + 1)} />
    <//>
    <${Usage} path="api/wallet/usage/" kinds=${['day', 'model', 'key']} />
    <${List} title="Ledger" path="api/wallet/ledger/" version=${version}
      columns="created_at amount balance_after reason" none="No tokens were added or spent." />
    <${List} ...${KEYS} />
    <${List} ...${SESSIONS} />
    <${Card} title="Your account">
      <p>${me && (me.email || 'No e-mail address is known: you cannot reset a forgotten password.')}</p>
      <div class="row"><${Actions} of=${actionsOf(me, purse?.limits)} onDone=${() => setDone(done + 1)} /></div>
      <p role="status">${done > 0 && 'Done.'}</p>
    <//></main>`;
}
