import { tokens } from './format.js';
import { Markdown } from './markdown.js';
import { Button, Problem } from './parts.js';
import { html } from './preact.js';

const STATES = { answering: 'Answering…', aborted: 'Stopped', failed: 'Not answered' };

/** A question and its answer. `onAsk` is absent while another answer is under way. */
export function TurnView({ turn, onAsk, onEdit }) {
  const { message, response, thinking, status, problem, model, tokens: charged } = turn;
  const outcome = [STATES[status], model, charged !== undefined && tokens(charged)];
  return html`<li class="turn">
    <h3 class="unseen">You</h3>
    <p class="question">${message}</p>
    <h3 class="unseen">Answer</h3>
    ${thinking && html`<details><summary>Thinking</summary><p>${thinking}</p></details>`}
    <${Markdown} text=${response} />
    <${Problem} text=${problem} />
    <p class="outcome muted">
      <span class=${status}>${outcome.filter(Boolean).join(' · ')}</span>
      <${Button} when=${onAsk} onClick=${() => onAsk(message)}>Retry<//>
      <${Button} when=${onAsk} onClick=${() => onEdit(message)}>Edit and ask again<//>
    </p>
  </li>`;
}
