import { ask } from './api.js';
import { words } from './format.js';
import { html, useEffect, useRef, useState } from './preact.js';

/** An error message beside the element that it concerns. Shows nothing without a text. */
export const Problem = ({ text }) =>
  text && html`<p class="problem notice" role="alert">${text}</p>`;

/** A button that is shown only if `when` is true. */
export const Button = ({ when, ...rest }) =>
  when && html`<button type="button" class="quiet" ...${rest} />`;

/** Returns `[run, isRunning, problem]`. `run(work)` runs one piece of work at a time; `run()` repeats the last one. */
export function useAttempt() {
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState(null);
  const last = useRef(null);
  const run = async (work = last.current) => {
    if (isRunning) return;
    last.current = work;
    setRunning(true);
    setProblem(null);
    await work().catch(setProblem);
    setRunning(false);
  };
  return [run, isRunning, problem];
}

/** Asks `[method, path, body]` after a pause. Returns `{answer}` or `{problem}`; until then `{before}`, the last answer. */
export function useAnswer(question, pauseMs = 250) {
  const [seen, see] = useState({});
  const key = JSON.stringify(question);
  useEffect(() => {
    if (!question) return;
    const controller = new AbortController();
    const { signal } = controller;
    const [method, path, body] = question;
    const fail = (problem) => signal.aborted || see({ key, problem });
    const look = () => ask(method, path, { body, signal }).then((answer) => see({ key, answer }));
    setTimeout(() => look().catch(fail), pauseMs);
    return () => controller.abort();
  }, [key]);
  return seen.key === key ? seen : { before: question && seen.answer };
}

const TYPES = { email: 'email', expires_at: 'date' };
for (const name of ['amount', 'daily', 'limit']) TYPES[name] = 'number';

/** Returns the value of a field for the API. An empty field is null, also an empty number (JSON writes NaN as null). */
function valueOf({ type, multiple, selectedOptions, valueAsNumber, value }) {
  if (multiple) return Array.from(selectedOptions, (option) => option.value);
  if (type === 'number') return valueAsNumber;
  return type === 'email' ? value : value || null;
}

/** A labelled field with its error. The text that the user typed stays in it. */
function Field({ id, isOptional, choices, value, problem }) {
  const type = TYPES[id] ?? (id.endsWith('password') ? 'password' : 'text');
  const multiple = id === 'scopes';
  const option = (one) =>
    html`<option value=${one} selected=${multiple}>${one || 'never'}</option>`;
  const known = /^username$|^email$|password$/.test(id);
  const complete = known ? id.replace(/^password/, 'current-password').replace('_', '-') : 'off';
  return html`<div class="field">
    <label for=${id}>${words(id)}</label>
    <${choices[1] ? 'select' : 'input'} id=${id} name=${id} type=${type} multiple=${multiple} min="0"
      defaultValue=${value} required=${!isOptional} autocomplete=${complete} autocapitalize="none"
      spellcheck=${false} aria-invalid=${Boolean(problem)} aria-describedby="${id}-problem">${choices.map(option)}<//>
    <p id="${id}-problem" class="problem" role=${problem ? 'alert' : undefined}>${problem}</p>
  </div>`;
}

/**
 * A form with a button for each of `actions`. `fields` is a list of names: `limit?` may be left empty, `type=a,b` is a
 * choice. `act` gets the values and the name of the pressed button; the text that it returns is shown.
 */
export function Form({ fields = '', values = {}, actions, act, onCancel, children, ...rest }) {
  const [done, setDone] = useState('');
  const [run, isRunning, problem] = useAttempt();
  const submit = (event) => {
    event.preventDefault();
    const named = [...event.target.elements].filter(({ name }) => name);
    const body = Object.fromEntries(named.map((field) => [field.name, valueOf(field)]));
    run(async () => {
      setDone(await act(body, event.submitter?.value));
      event.target.reset();
    });
  };
  const listed = (fields.match(/\S+/g) ?? []).map((word) => /^(\w+)(\??)(?:=(.*))?$/.exec(word));
  const problemOf = ([, id]) =>
    problem?.fields?.[id]?.join(' ') ?? (listed[1] ? '' : problem?.message);
  const field = ([all, id, isOptional, choices = '']) => html`<${Field} key=${id} id=${id}
    isOptional=${isOptional || choices} choices=${choices.split(',')} value=${values[id]}
    problem=${problemOf([all, id])} />`;
  const button = (name, place) => html`<button key=${name} value=${name}
    class=${place ? '' : 'primary'} aria-disabled=${isRunning}>${name}</button>`;
  return html`<form onSubmit=${submit} ...${rest}>
    ${children} ${listed.map(field)}
    <${Problem} text=${listed.some(problemOf) ? '' : problem?.message} />
    <div class="inline"><${Button} when=${onCancel} onClick=${onCancel}>Cancel<//>${actions.map(button)}</div>
    <p role="status">${done}</p></form>`;
}

/** A dialog. It closes on Escape, on Cancel, and when its action has succeeded. */
function Dialog({ title, text, act, onClose, onDone, ...form }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  // `close()` returns the focus to the button that opened the dialog.
  const close = () => dialog.current?.close();
  const submit = async (body) => {
    const result = await act(body);
    close();
    onDone?.(result);
  };
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="dialog-title">
    <${Form} ...${form} act=${submit} onCancel=${close}>
      <h2 id="dialog-title">${title}</h2><p>${text}</p><//></dialog>`;
}

/** A view whose module is loaded when it is opened. It gets the other properties. */
export function LazyView({ name, ...rest }) {
  const [View, setView] = useState(null);
  const [run, , problem] = useAttempt();
  const load = () => import(`./${name}.js`).then((module) => setView(() => module.default));
  useEffect(() => void run(load), []);
  if (View) return html`<${View} ...${rest} />`;
  return html`<div class="welcome"><${Icon} name="mark" />
    <${Problem} text=${problem && 'The page could not be loaded. Reload it to try again.'} /></div>`;
}

/** A button for each named dialog. The action runs only after the user confirms it in the dialog. */
export function Actions({ of: dialogs, onDone }) {
  const [open, setOpen] = useState(null);
  const close = () => setOpen(null);
  const button = (one) => html`<${Button} key=${one} when onClick=${() => setOpen(one)}>${one}<//>`;
  const dialog = open && { title: open, actions: [open], ...dialogs[open], onClose: close, onDone };
  return html`${Object.keys(dialogs).map(button)}${open && html`<${Dialog} ...${dialog} />`}`;
}

const SHAPES = {
  mark: 'M6 4v16M10 4v16M14 4v16M18 4v16M3 17 21 7',
  plus: 'M12 5v14M5 12h14',
  Send: 'M12 19V5M5 12l7-7 7 7',
  Stop: 'M7 7h10v10H7z',
  down: 'M12 5v14M6 13l6 6 6-6',
};

/** An icon. It is hidden from screen readers: the text or the label beside it has the meaning. */
export const Icon = ({ name }) =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true" class="icon"><path d=${SHAPES[name]} /></svg>`;
