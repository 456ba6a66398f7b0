import { ask } from './api.js';
import { html, useEffect, useRef, useState } from './preact.js';

/** A field under its label, and what is wrong with what was typed. What is typed stays in it. */
export const Field = ({ id, label, problem, ...rest }) => html`<div class="field">
  <label for=${id}>${label}</label>
  <input id=${id} name=${id} aria-invalid=${Boolean(problem)} aria-describedby="${id}-problem" ...${rest} />
  <p id="${id}-problem" class="problem" role=${problem ? 'alert' : undefined}>${problem}</p>
</div>`;

/** What went wrong, where the eye is. Without a text there is nothing to see. */
export const Problem = ({ text }) => text && html`<p class="problem box" role="alert">${text}</p>`;

/** A button that is there `when` there is something to do. */
export const Button = ({ when, ...rest }) =>
  when && html`<button type="button" class="quiet" ...${rest} />`;

/** Runs what a button asks for, one at a time: `[run, isRunning, problem]`. */
export function useAttempt() {
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState(null);
  const run = async (work) => {
    if (isRunning) return;
    setRunning(true);
    setProblem(null);
    await work().catch(setProblem);
    setRunning(false);
  };
  return [run, isRunning, problem];
}

/** `{answer}` or `{problem}` of a question `[method, path, body]`, after a pause; null asks nothing. */
export function useAnswer(question, pauseMs) {
  const [seen, see] = useState({});
  const key = JSON.stringify(question);
  useEffect(() => {
    if (!question) return;
    const controller = new AbortController();
    const [method, path, body] = question;
    const tell = (problem) => problem.name !== 'AbortError' && see({ key, problem });
    const look = () =>
      ask(method, path, { body, signal: controller.signal }).then(
        (answer) => see({ key, answer }),
        tell,
      );
    const wait = setTimeout(look, pauseMs);
    return () => {
      clearTimeout(wait);
      controller.abort();
    };
  }, [key]);
  return seen.key === key ? seen : {};
}

/** For `onSubmit`: gives the fields by name, and the button, and the form as it was. */
export const submitted = (take) => (event) => {
  event.preventDefault();
  const { target, submitter } = event;
  take(Object.fromEntries(new FormData(target)), submitter, target);
};

/** A question over the page. Escape and Cancel close it; `onSubmit` gets the fields. */
export function Dialog({ title, action, onSubmit, onClose, children }) {
  const dialog = useRef(null);
  const [run, isRunning, problem] = useAttempt();
  useEffect(() => dialog.current.showModal(), []);
  const submit = submitted((fields) =>
    run(async () => {
      await onSubmit(fields);
      onClose();
    }),
  );
  return html`<dialog ref=${dialog} onClose=${onClose} aria-labelledby="dialog-title">
    <form onSubmit=${submit}>
      <h2 id="dialog-title">${title}</h2>
      ${children}
      <${Problem} text=${problem?.message} />
      <div class="inline">
        <button type="button" class="quiet" onClick=${onClose}>Cancel</button>
        <button class="primary" disabled=${isRunning}>${action}</button>
      </div>
    </form>
  </dialog>`;
}

const SHAPES = {
  mark: 'M6 4v16M10 4v16M14 4v16M18 4v16M3 17 21 7',
  plus: 'M12 5v14M5 12h14',
  Send: 'M12 19V5M5 12l7-7 7 7',
  Stop: 'M7 7h10v10H7z',
  down: 'M12 5v14M6 13l6 6 6-6',
};

/** A drawing beside a word, or instead of one that is the button's name. */
export const Icon = ({ name }) =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true" class="icon"><path d=${SHAPES[name]} /></svg>`;
