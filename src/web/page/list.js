import { readPage } from './api.js';
import { number, time, tokens, words } from './format.js';
import { Actions, Button, Problem, useAnswer, useAttempt } from './parts.js';
import { html, useEffect, useState } from './preact.js';

/** Longer texts are wrapped, because they would push the other columns off the screen. */
const LONG = 40;
const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** Returns the text of a table cell for a value of the API. An amount has a sign. */
function formatCell(name, value) {
  if (typeof value === 'number') {
    return (name === 'amount' && value > 0 ? '+' : '') + number(value).replace('-', '−');
  }
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.join(', ');
  if (name === 'kind') return value.replaceAll('_', ' ');
  return ISO_TIME.test(value) ? time(value) : (value ?? '–');
}

/** A titled section of a page. */
export const Card = ({ title, children }) =>
  html`<section class="card" aria-label=${title}><h3>${title}</h3>${children}</section>`;

/** A table of API entries, with a column for each field, and the actions of each entry. Shows `none` if it is empty. */
function Table({ title, columns, entries, none, entryActions, onDone }) {
  if (!entries[0]) return html`<p class="muted">${none}</p>`;
  const names = columns.split(' ');
  const side = (name) => (typeof entries[0][name] === 'number' ? 'right' : 'left');
  const cellOf = (entry) => (name) => html`<td align=${side(name)}
    class=${entry[name]?.length > LONG && 'long'}>${formatCell(name, entry[name])}</td>`;
  const row = (entry) => html`<tr key=${entry.id}>${names.map(cellOf(entry))}
    ${entryActions && html`<td><${Actions} of=${entryActions(entry)} onDone=${onDone} /></td>`}</tr>`;
  const heads = names.map((name) => html`<th align=${side(name)}>${words(name)}</th>`);
  return html`<div class="wide" tabindex="0" role="region" aria-label="${title}: table"><table>
    <thead><tr>${heads}${entryActions && html`<th align="left">Actions</th>`}</tr></thead><tbody>${entries.map(row)}</tbody>
  </table></div>`;
}

/** A secret that is shown once, with a button to copy it. */
function Secret({ text }) {
  const [copied, setCopied] = useState('');
  const copy = () => navigator.clipboard.writeText(text).then(() => setCopied(text));
  return html`<p>Copy it now: it is not shown again.</p><div class="row"><code>${text}</code>
    <${Button} when=${navigator.clipboard} onClick=${copy}>${copied === text ? 'Copied' : 'Copy'}<//></div>`;
}

/**
 * A list of the API, page by page. `listActions` change the whole list, and the other properties are those of its table.
 * It is loaded again after an action and when `version` changes. Another `search` needs another `key`. A text that an
 * action returns is a secret and shown once. Without a `path` nothing is listed.
 */
export function List({ title, path, version, search, onDone, listActions = {}, ...table }) {
  const [{ results, next }, setPages] = useState({ results: null, next: null });
  const [done, setDone] = useState(null);
  const [run, isRunning, problem] = useAttempt();
  const load = (query) =>
    run(async () => {
      const first = `?page_size=50&search=${encodeURIComponent(search ?? '')}`;
      const page = await readPage(path, query ?? first);
      setPages({ results: [...(query ? results : []), ...page.results], next: page.next });
    });
  useEffect(() => void (path && load()), [version, done]);
  const finish = (result) => {
    setDone(result ?? {});
    onDone?.();
  };
  return html`<${Card} title=${title}>
    ${results && html`<${Table} title=${title} ...${table} entries=${results} onDone=${finish} />`}
    <${Problem} text=${problem?.message} />
    <${Button} when=${next || problem} aria-disabled=${isRunning} onClick=${() => (problem ? run() : load(next))}>
      ${problem ? 'Try again' : 'Show older'}<//>
    <div class=${done && 'notice'} role="status">
      ${typeof done === 'string' ? html`<${Secret} text=${done} />` : done && 'Done.'}</div>
    <div class="row"><${Actions} of=${listActions} onDone=${finish} /></div>
  <//>`;
}

/** The spending of the last thirty days as bars, grouped by one of `kinds`. */
export function Usage({ path, kinds }) {
  const [by, setBy] = useState('day');
  const { answer, problem } = useAnswer(['GET', `${path}?by=${by}`], 0);
  const bars = answer?.results ?? [];
  const most = Math.max(...bars.map((bar) => bar.tokens));
  const sum = bars.reduce((total, bar) => total + bar.tokens, 0);
  const choice = (kind) => html`<label key=${kind}>
    <input type="radio" name="by" checked=${by === kind} onChange=${() => setBy(kind)} /> By ${kind}</label>`;
  const bar = (value) => html`<progress aria-hidden="true" max=${most} value=${value} />`;
  const named = ({ id, key }) => (key === id ? 'Session' : key);
  const entries = bars.map((row) => ({ ...row, key: named(row), spent: bar(row.tokens) }));
  return html`<${Card} title="Usage">
    <div class="row" role="group" aria-label="Usage by">${kinds.map(choice)}</div>
    <${Problem} text=${problem?.message} />
    ${answer && html`<p class="muted">${tokens(sum)} in the last 30 days.</p>`}
    ${sum > 0 && html`<${Table} title="Usage" columns="${by} spent count tokens" entries=${entries} />`}
  <//>`;
}
