import { ask } from './api.js';
import { price, range, tokens } from './format.js';
import { Form, Icon, Problem, useAnswer } from './parts.js';
import { html, useLayoutEffect, useState } from './preact.js';
import { ACCOUNT } from './route.js';
import { speak } from './speech.js';
import { models, refreshWallet, wallet } from './wallet.js';

const MODEL = 'tallychat-model';

/** Returns `[model, choose, models]`. The model is the last chosen one if it is still served, or else the default. */
export function useModel() {
  const listed = models.use();
  const [chosen, setChosen] = useState(localStorage.getItem(MODEL));
  const choose = (id) => {
    localStorage.setItem(MODEL, id);
    setChosen(id);
  };
  return [listed.find(({ id }) => id === chosen) ?? listed[0], choose, listed];
}

function ModelPicker({ choice: [model, choose, listed] }) {
  const option = ({ id, price: each }) => html`<option key=${id} value=${id}>
    ${[id, price(each)].filter(Boolean).join(' · ')}</option>`;
  return html`<label for="model">Model</label>
    <select id="model" value=${model?.id} onChange=${(event) => choose(event.target.value)}>
      ${listed.map(option)}</select>`;
}

/** Whether the balance is too low for the next message, by the price that is known before it is sent. */
const isBalanceTooLow = (purse, listedPrice, quote, problem) =>
  problem?.status === 402 ||
  (purse !== null && purse.available < (quote?.tokens ?? listedPrice?.perMessage ?? 1));

/** A form to redeem a code. `onRedeemed` gets the number of tokens added. A refused code stays in the field. */
export function RedeemForm({ onRedeemed }) {
  const redeem = async (body) => {
    const { tokens: worth } = await ask('POST', 'api/wallet/redeem/', { body });
    onRedeemed(worth);
    await refreshWallet();
    return `${tokens(worth)} were added.`;
  };
  return html`<${Form} class="inline" fields="code" actions=${['Redeem']} act=${redeem} />`;
}

/** Shown above the message field if the balance or the daily limit is too low. */
function EmptyWallet({ purse, problem, onRedeemed }) {
  if (problem?.limit === 'daily') {
    return html`<div class="notice" role="alert"><p>Your daily limit is reached. You can continue tomorrow,
      or <a href=${ACCOUNT}>change it in your account</a>.</p></div>`;
  }
  const isEmpty = purse === null || purse.available === 0;
  const state = isEmpty ? 'is empty' : `has ${tokens(purse.available)}, which is too few`;
  return html`<div class="notice" role="alert"><p><strong>Your wallet ${state}.</strong> Redeem a code,
      or ask the operator of this service for one.</p>
    <${RedeemForm} onRedeemed=${onRedeemed} /></div>`;
}

/** The field for a message. The text is kept until the server has accepted it. */
export function Composer({ conversation, onAsk, choice, field }) {
  const text = conversation.draft.use();
  const isAnswering = conversation.answering.use();
  const problem = conversation.problem.use();
  const purse = wallet.use();
  const [model] = choice;
  const body = { message: text, conversation: conversation.id, model: model?.id };
  const question = text.trim() && ['POST', 'api/chat/quote/', body];
  const { answer: quote, before = quote } = useAnswer(question);

  // Not on a phone: its keyboard would cover the conversation.
  const focus = () => matchMedia('(pointer: fine)').matches && field.current.focus();
  useLayoutEffect(() => void focus(), [conversation]);
  // Stop and Retry disappear, and the focus with them.
  useLayoutEffect(() => void (document.activeElement === document.body && focus()), [isAnswering]);
  const send = (event) => {
    event.preventDefault();
    if (isAnswering || text.trim() === '') return;
    field.current.focus();
    conversation.type('');
    onAsk(text);
  };
  const press = (event) => {
    if (event.key === 'Escape' && isAnswering) conversation.stop();
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event);
  };
  const redeemed = (worth) => {
    conversation.problem.set(null);
    speak(`${tokens(worth)} were added.`);
    field.current.focus();
  };
  const above = isBalanceTooLow(purse, model?.price, before, problem)
    ? html`<${EmptyWallet} purse=${purse} problem=${problem} onRedeemed=${redeemed} />`
    : html`<${Problem} text=${problem?.message} />`;
  const action = isAnswering ? 'Stop' : 'Send';
  return html`<div class="composer">${above}
    <form class="card" onSubmit=${send}>
      <label class="unseen" for="message">Message</label>
      <textarea id="message" ref=${field} value=${text} rows="1" dir="auto" placeholder="Ask something"
        aria-describedby="quote" onKeyDown=${press}
        onInput=${(event) => conversation.type(event.target.value)}></textarea>
      <div class="row">
        <${ModelPicker} choice=${choice} />
        <span id="quote" class="muted">${quote && `Costs ${range(quote.tokens, quote.ceiling)}`}</span>
        <button class="round primary" key=${action} aria-label=${action} title=${action}
          type=${isAnswering ? 'button' : 'submit'} disabled=${!isAnswering && text.trim() === ''}
          onClick=${isAnswering && (() => conversation.stop())}><${Icon} name=${action} /></button>
      </div></form></div>`;
}
