import { nextPage } from './api.js';
import { number, time } from './format.js';
import { Button, Problem, useAttempt } from './parts.js';
import { html, useEffect, useState } from './preact.js';

const signed = (amount) => (amount > 0 ? `+${number(amount)}` : number(amount).replace('-', '−'));

const Row = ({ entry }) => html`<tr>
  <td><time datetime=${entry.created_at}>${time(entry.created_at)}</time></td>
  <td>${entry.reason}</td>
  <td class="amount">${signed(entry.amount)}</td>
  <td class="amount">${number(entry.balance_after)}</td>
</tr>`;

/** Every change of the balance, newest first. */
export function Ledger() {
  const [{ entries, next }, setPages] = useState({ entries: [], next: null });
  const [run, isRunning, problem] = useAttempt();
  const load = () =>
    run(async () => {
      const page = await nextPage('api/wallet/ledger/', next);
      setPages({ entries: [...entries, ...page.results], next: page.next });
    });
  useEffect(() => void load(), []);
  return html`<section class="card" aria-labelledby="ledger-title">
    <h3 id="ledger-title">Ledger</h3>
    <div class="wide" tabindex="0" role="region" aria-labelledby="ledger-title">
      <table>
        <thead><tr><th>When</th><th>What</th><th class="amount">Amount</th>
          <th class="amount">Balance</th></tr></thead>
        <tbody>${entries.map((entry) => html`<${Row} key=${entry.id} entry=${entry} />`)}</tbody>
      </table>
    </div>
    <${Problem} text=${problem?.message} />
    <${Button} when=${next || problem} disabled=${isRunning} onClick=${load}>
      ${problem ? 'Try again' : 'Show older'}<//>
  </section>`;
}
