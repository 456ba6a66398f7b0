import { ask } from './api.js';
import { store } from './store.js';

const POLLS_MAX = 40;
const POLL_MS = 250;

/** What the API says of the caller's wallet; null before it was asked. */
export const wallet = store(null);
/** The models that may be asked, with their prices; the first is the default. */
export const models = store([]);

let pollTimer;

/** An answer that was stopped is settled a moment later: while something is held, look again. */
export async function refreshWallet(polls = POLLS_MAX) {
  clearTimeout(pollTimer);
  const found = await ask('GET', 'api/wallet/');
  wallet.set(found);
  if (found.held === 0 || polls === 0) return;
  pollTimer = setTimeout(() => refreshWallet(polls - 1).catch(() => undefined), POLL_MS);
}

export const loadModels = async () => models.set((await ask('GET', 'v1/models')).data);

export function forgetWallet() {
  clearTimeout(pollTimer);
  wallet.set(null);
  models.set([]);
}
