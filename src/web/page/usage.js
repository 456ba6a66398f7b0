import { number, tokens } from './format.js';
import { Problem, useAnswer } from './parts.js';
import { html, useEffect, useMemo, useRef, useState } from './preact.js';
import uPlot from './uplot.js';

const HEIGHT_PX = 200;
const DAYS = 30;
const DAY_MS = 86_400_000;
const KINDS = ['day', 'model', 'key'];

/** Days without a charge are days too. */
function everyDay(rows) {
  const spent = new Map(rows.map((row) => [row.day, row]));
  return Array.from({ length: DAYS + 1 }, (_, index) => {
    const day = new Date(Date.now() - (DAYS - index) * DAY_MS).toISOString().slice(0, 10);
    return { day, count: 0, tokens: 0, ...spent.get(day) };
  });
}

/** What stands under a bar: a day without its year, the beginning of a key. */
const labelOf = ({ day, model, key }) => day?.slice(5) ?? key?.slice(0, 8) ?? model ?? 'deleted';

/** A canvas knows no variables of a style sheet: its colours are those of the frame around it. */
function options(bars, frame) {
  const { color: stroke, borderTopColor, caretColor } = getComputedStyle(frame);
  const labels = (_, places) => places.map((place) => labelOf(bars[place] ?? { model: '' }));
  const values = (_, ticks) => ticks.map(number);
  const axis = { stroke, ticks: { show: false } };
  const paths = uPlot.paths.bars({ size: [0.7, 48] });
  return {
    width: frame.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.6, bars.length - 0.4] },
      y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, incrs: [1, 2, 5, 10, 100], values: labels },
      { ...axis, grid: { stroke: borderTopColor }, size: 64, values },
    ],
    series: [{}, { fill: caretColor, width: 0, paths, points: { show: false } }],
  };
}

function Plot({ bars }) {
  const frame = useRef(null);
  useEffect(() => {
    let plot;
    const draw = () => {
      plot?.destroy();
      const series = [bars.map((_, place) => place), bars.map((bar) => bar.tokens)];
      plot = new uPlot(options(bars, frame.current), series, frame.current);
    };
    draw();
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.onchange = globalThis.onresize = draw;
    return () => {
      dark.onchange = globalThis.onresize = null;
      plot.destroy();
    };
  }, [bars]);
  return html`<div class="plot" ref=${frame} aria-hidden="true"></div>`;
}

/** What the plot shows, to be read or heard. */
function Sums({ by, bars }) {
  const rows = bars
    .filter(({ count }) => count > 0)
    .map(
      (bar) => html`<tr key=${bar[by]}>
    <td>${bar[by] ?? 'deleted'}</td>
    <td class="amount">${number(bar.count)}</td>
    <td class="amount">${number(bar.tokens)}</td></tr>`,
    );
  return html`<details><summary>The same as a table</summary><table>
    <thead><tr><th>${by}</th><th class="amount">Answers</th><th class="amount">Tokens</th></tr></thead>
    <tbody>${rows}</tbody>
  </table></details>`;
}

/** What was spent in the last thirty days, by day, model or key. */
export function Usage() {
  const [by, setBy] = useState('day');
  const { answer, problem } = useAnswer(['GET', `api/wallet/usage/?by=${by}`], 0);
  const found = answer?.results ?? [];
  const bars = useMemo(() => (by === 'day' ? everyDay(found) : found), [answer]);
  const sum = bars.reduce((total, bar) => total + bar.tokens, 0);
  const choices = KINDS.map(
    (kind) => html`<label key=${kind}>
    <input type="radio" name="by" checked=${by === kind} onChange=${() => setBy(kind)} /> By ${kind}
  </label>`,
  );
  return html`<section class="card" aria-labelledby="usage-title">
    <h3 id="usage-title">Usage</h3>
    <fieldset class="row"><legend class="unseen">Usage by</legend>${choices}</fieldset>
    <${Problem} text=${problem?.message} />
    ${answer && html`<p class="muted">${tokens(sum)} in the last ${DAYS} days.</p>`}
    ${sum > 0 && html`<${Plot} bars=${bars} /><${Sums} by=${by} bars=${bars} />`}
  </section>`;
}
