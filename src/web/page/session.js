import { store } from './store.js';

const KEY = 'tallychat-session';

/** Local storage is one for all tabs of the browser, and so is the login. */
const saved = () => JSON.parse(localStorage.getItem(KEY));

/** Who is logged in, `{token, username}`, or null. */
export const session = store(saved());
/** Why the last session ended, for the one who has to log in again. */
export const endReason = store('');

export function beginSession(token, username) {
  localStorage.setItem(KEY, JSON.stringify({ token, username }));
  endReason.set('');
  session.set(saved());
}

/** Ends the session in all tabs. What was typed and not sent waits for the same user to come back. */
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
