import { ask, askOnce, call } from './api.js';
import { List, Usage } from './list.js';
import { html, useState } from './preact.js';

const PATH = 'api/admin/users/';
const userPath = (username) => `${PATH}${encodeURIComponent(username)}/`;

/** Returns a link that sets a user's password once. */
const linkOf = (token) => token && `${location.href.split('#')[0]}#password-reset=${token}`;

const changeAccess = ({ username }, change) => ({
  text: `The trail shows this change to ${username}, with its reason.`,
  fields: 'reason?',
  act: (body) => call('PATCH', userPath(username), { body: { ...body, ...change } }),
});

const USERS = {
  title: 'Users',
  path: PATH,
  columns: 'username email balance held active staff created_at',
  none: 'No users were found.',
  listActions: {
    'Add a user': {
      text: 'If you set no password, you get a link. The user can set a password with it within an hour.',
      fields: 'username email? password? reason?',
      act: async (body) => linkOf((await ask('POST', PATH, { body })).password_token),
    },
  },
  entryActions: (user) => ({
    Grant: {
      title: `Grant tokens to ${user.username}`,
      fields: 'amount reason',
      actions: ['Grant'],
      act: async (body) => void (await askOnce(`${userPath(user.username)}grants/`, body)),
    },
    [user.active ? 'Deactivate' : 'Activate']: changeAccess(user, { active: !user.active }),
    [user.staff ? 'Remove from staff' : 'Make staff']: changeAccess(user, { staff: !user.staff }),
    'End sessions': {
      text: `${user.username} has to log in again. API keys keep working.`,
      act: () => call('DELETE', `${userPath(user.username)}sessions/`),
    },
  }),
};

const createCode = async (body) => (await askOnce('api/admin/codes/', body)).code;
const CODES = {
  title: 'Codes',
  listActions: { 'Create a code': { fields: 'amount reason', act: createCode } },
};

const TRAIL = {
  title: 'Trail',
  path: 'api/admin/trail/',
  columns: 'at by action target reason',
  none: 'No actions yet.',
};

/** The console of operators. The API refuses all other users. */
export default function Console() {
  const [version, setVersion] = useState(0);
  const [search, setSearch] = useState('');
  const onDone = () => setVersion((before) => before + 1);
  return html`<main class="account"><h2>Console</h2>
    <input type="search" aria-label="Search users" placeholder="Search users" value=${search}
      onInput=${(event) => setSearch(event.target.value)} />
    <${List} key=${search} ...${USERS} search=${search} onDone=${onDone} />
    <${List} ...${CODES} onDone=${onDone} />
    <${Usage} path="api/admin/usage/" kinds=${['day', 'model', 'user']} />
    <${List} ...${TRAIL} version=${version} /></main>`;
}
