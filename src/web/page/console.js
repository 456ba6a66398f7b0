import { ask, askOnce, call } from './api.js';
import { List, Usage } from './list.js';
import { html, useState } from './preact.js';

const PATH = 'api/admin/users/';
const person = (username) => `${PATH}${encodeURIComponent(username)}/`;

/** Returns a link that sets a user's password once. */
const linkOf = (token) => token && `${location.href.split('#')[0]}#password-reset=${token}`;

const changeAccess = ({ username }, change) => ({
  text: `It is noted in the trail what was done to ${username}, and why.`,
  fields: 'reason?',
  act: (body) => call('PATCH', person(username), { body: { ...body, ...change } }),
});

const PEOPLE = {
  title: 'People',
  path: PATH,
  columns: 'username email balance held active staff created_at',
  none: 'Nobody was found.',
  above: {
    'Add a person': {
      text: 'Without a password you get a link, by which they choose one within an hour.',
      fields: 'username email? password? reason?',
      act: async (body) => linkOf((await ask('POST', PATH, { body })).password_token),
    },
  },
  last: (user) => ({
    Grant: {
      title: `Grant tokens to ${user.username}`,
      fields: 'amount reason',
      actions: ['Grant'],
      act: async (body) => void (await askOnce(`${person(user.username)}grants/`, body)),
    },
    [user.active ? 'Deactivate' : 'Activate']: changeAccess(user, { active: !user.active }),
    [user.staff ? 'Take staff away' : 'Make staff']: changeAccess(user, { staff: !user.staff }),
    'End sessions': {
      text: `${user.username} has to log in again. API keys go on.`,
      act: () => call('DELETE', `${person(user.username)}sessions/`),
    },
  }),
};

const CODES = {
  title: 'Codes',
  above: {
    'Make a code': {
      fields: 'amount reason',
      act: async (body) => (await askOnce('api/admin/codes/', body)).code,
    },
  },
};

const TRAIL = {
  title: 'Trail',
  path: 'api/admin/trail/',
  columns: 'at by action target reason',
  none: 'Nothing was done yet.',
};

/** The console of operators. The API refuses all other users. */
export default function Console() {
  const [version, setVersion] = useState(0);
  const [search, setSearch] = useState('');
  const onDone = () => setVersion((before) => before + 1);
  return html`<main class="account"><h2>Console</h2>
    <input type="search" aria-label="Search people" placeholder="Search people" value=${search}
      onInput=${(event) => setSearch(event.target.value)} />
    <${List} key=${search} ...${PEOPLE} search=${search} onDone=${onDone} />
    <${List} ...${CODES} onDone=${onDone} />
    <${Usage} path="api/admin/usage/" kinds=${['day', 'model', 'user']} />
    <${List} ...${TRAIL} version=${version} /></main>`;
}
