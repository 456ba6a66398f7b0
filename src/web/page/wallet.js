import { ask } from './api.js';
import { store } from './store.js';

const LOOKS = 40;
const LOOK_MS = 250;

/** What the API says of the caller's wallet; null before it was asked. */
export const wallet = store(null);
/** The models that may be asked, with their prices; the first is the default. */
export const models = store([]);

let looking;

/** An answer that was stopped is settled a moment later: while something is held, look again. */
export async function refreshWallet(looks = LOOKS) {
  clearTimeout(looking);
  const found = await ask('GET', 'api/wallet/');
  wallet.set(found);
  if (found.held === 0 || looks === 0) return;
  looking = setTimeout(() => refreshWallet(looks - 1).catch(() => undefined), LOOK_MS);
}

export const loadModels = async () => models.set((await ask('GET', 'v1/models')).data);

export function forgetWallet() {
  clearTimeout(looking);
  wallet.set(null);
  models.set([]);
}
