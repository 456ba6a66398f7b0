import { ask } from './api.js';
import { store } from './store.js';

const POLLS_MAX = 40;
const POLL_MS = 250;

/** The user's wallet as the API returned it. Null before the first request. */
export const wallet = store(null);
/** The models that the user may use, with their prices. The first one is the default. */
export const models = store([]);

let pollTimer;

/** Loads the wallet, and repeats that while tokens are held: a stopped answer is settled a moment later. */
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
