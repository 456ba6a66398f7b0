import { ask } from './api.js';
import { tokens } from './format.js';
import { Form } from './parts.js';
import { html } from './preact.js';
import { ACCOUNT } from './route.js';
import { refreshWallet } from './wallet.js';

/** Whether the next message cannot be paid for, as far as is known before it is sent. */
export function isBalanceTooLow(purse, listedPrice, quote, problem) {
  if (problem?.status === 402) return true;
  return Boolean(purse) && purse.available < (quote?.tokens ?? listedPrice?.perMessage ?? 1);
}

/** A field for a code. `onRedeemed` gets how many tokens it was worth; a refused code stays in the field. */
export function RedeemForm({ onRedeemed }) {
  const redeem = async (body) => {
    const { tokens: worth } = await ask('POST', 'api/wallet/redeem/', { body });
    onRedeemed(worth);
    await refreshWallet();
    return `${tokens(worth)} were added.`;
  };
  return html`<${Form} class="inline" fields="code" actions=${['Redeem']} act=${redeem} />`;
}

/** What to do when there is not enough money: it stands where the message cannot be sent. */
export function EmptyWallet({ purse, problem, onRedeemed }) {
  if (problem?.limit === 'daily') {
    return html`<p class="notice" role="alert">Your daily limit is reached. You can go on tomorrow,
      or <a href=${ACCOUNT}>change it in your account</a>.</p>`;
  }
  const is = purse?.available > 0 ? `has ${tokens(purse.available)}: too few for this` : 'is empty';
  return html`<div class="notice" role="alert">
    <p><strong>Your wallet ${is}.</strong> Redeem a code, or ask the people who run this service for one.</p>
    <${RedeemForm} onRedeemed=${onRedeemed} />
  </div>`;
}
