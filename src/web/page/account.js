import { ask } from './api.js';
import { RedeemForm } from './empty-wallet.js';
import { number, tokens } from './format.js';
import { Ledger } from './ledger.js';
import { Button, Field, submitted, useAttempt } from './parts.js';
import { html, useEffect, useState } from './preact.js';
import { session } from './session.js';
import { Usage } from './usage.js';
import { refreshWallet, wallet } from './wallet.js';

function Wallet({ purse, onRedeemed }) {
  const [added, setAdded] = useState('');
  const redeemed = (worth) => {
    setAdded(`${tokens(worth)} were added.`);
    onRedeemed();
  };
  return html`<section class="card" aria-labelledby="wallet-title">
    <h3 id="wallet-title">Wallet</h3>
    <p><strong>${number(purse.available)}</strong> tokens to spend</p>
    ${purse.held > 0 && html`<p class="muted">${tokens(purse.held)} held for answers under way.</p>`}
    <${RedeemForm} onRedeemed=${redeemed} />
    <p role="status">${added}</p>
  </section>`;
}

/** A limit that owners set for themselves, for a day in UTC. */
function DailyLimit({ limits: { daily, spent_today: spent } }) {
  const [saved, setSaved] = useState('');
  const [run, isRunning, problem] = useAttempt();
  const save = (limit) =>
    run(async () => {
      setSaved('');
      await ask('PUT', 'api/wallet/limits/', { body: { daily: limit } });
      await refreshWallet();
      setSaved(limit === null ? 'The limit is removed.' : 'The limit is saved.');
    });
  return html`<section class="card" aria-labelledby="limit-title">
    <h3 id="limit-title">Daily limit</h3>
    <p class="muted">${tokens(spent)} spent today (UTC)${
      daily === null ? ', without a limit.' : `, of ${tokens(daily)}.`
    }</p>
    <form class="inline" onSubmit=${submitted((fields) => save(Number(fields.daily)))}>
      <${Field} key=${daily} id="daily" label="Tokens a day" type="number" min="0" step="1" required
        defaultValue=${daily} problem=${problem?.message} />
      <button class="primary" disabled=${isRunning}>Save</button>
      <${Button} when=${daily !== null} onClick=${() => save(null)}>Remove the limit<//>
    </form>
    <p role="status">${saved}</p>
  </section>`;
}

/** What people look after beside chatting. */
export function Account() {
  const purse = wallet.use();
  const [redeemed, setRedeemed] = useState(0);
  useEffect(() => {
    document.title = 'Account – Tallychat';
    refreshWallet().catch(() => undefined);
  }, []);
  const cards =
    purse &&
    html`<div class="cards">
    <${Wallet} purse=${purse} onRedeemed=${() => setRedeemed(redeemed + 1)} />
    <${DailyLimit} limits=${purse.limits} />
  </div>`;
  return html`<main class="account">
    <h2>${session.get()?.username}</h2>
    ${cards}
    <${Usage} />
    <${Ledger} key=${redeemed} />
  </main>`;
}
