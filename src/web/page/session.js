import { store } from './store.js';

const KEY = 'tallychat-session';

/** All tabs of the browser share the local storage, and so the login. */
const saved = () => JSON.parse(localStorage.getItem(KEY));

/** The logged-in user, `{token, username}`, or null. */
export const session = store(saved());
/** The reason why the last session ended, for the login view. */
export const endReason = store('');

export function beginSession(token, username) {
  localStorage.setItem(KEY, JSON.stringify({ token, username }));
  endReason.set('');
  session.set(saved());
}

/** Ends the session in all tabs. Drafts are kept for the next login of the same user. */
export function endSession(reason = '') {
  localStorage.removeItem(KEY);
  endReason.set(reason);
  session.set(null);
}

addEventListener('storage', ({ key }) => {
  if (key !== KEY && key !== null) return;
  endReason.set('');
  session.set(saved());
});
