/** The page talks to the API as any client does. Answers are text: nothing of them becomes HTML. */
const at = (id) => document.getElementById(id);
const CREDENTIAL = 'tallychat-access-token';

let accessToken = sessionStorage.getItem(CREDENTIAL);
/** Aborting it stops the answer under way. */
let answering;

/** Shows a sentence for what went wrong, or takes the last one away. */
function tell(problem) {
  at('problem').textContent = problem ?? '';
  at('problem').hidden = !problem;
}

/** The first sentence of an error body, whichever of the API's shapes it has. */
function sentenceOf(body) {
  const [first] = Object.values(body).flat();
  return body.detail ?? body.error ?? first ?? 'Something went wrong.';
}

async function call(method, path, body, more = {}) {
  const headers = { Accept: 'application/json', ...more.headers };
  if (accessToken) headers.Authorization = `Bearer ${accessToken}`;
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(path, {
    method,
    headers,
    body: body && JSON.stringify(body),
    signal: more.signal,
  });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401) leave();
  throw new Error(sentenceOf(problem));
}

/** Runs what a button or a form asks for, and tells what became of it. */
async function attempt(work) {
  tell();
  try {
    await work();
  } catch (error) {
    if (error.name !== 'AbortError') tell(error.message);
  }
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text ?? '';
  return made;
}

/** An answer that was stopped is settled a moment later: while something is held, look again. */
async function refresh(tries = 20) {
  const { available, held } = await (await call('GET', 'api/wallet/')).json();
  at('balance').textContent = available.toLocaleString('en');
  if (held > 0 && tries > 0) setTimeout(() => attemptQuietly(() => refresh(tries - 1)), 250);
  const { results } = await (await call('GET', 'api/wallet/ledger/')).json();
  at('entries').replaceChildren(
    ...results.map((entry) => {
      const row = element('tr');
      const when = new Date(entry.created_at).toLocaleTimeString('en');
      const cells = [when, entry.reason, entry.amount, entry.balance_after];
      row.append(...cells.map((text) => element('td', '', String(text))));
      return row;
    }),
  );
}

function enter(token, username) {
  accessToken = token;
  sessionStorage.setItem(CREDENTIAL, token);
  sessionStorage.setItem('username', username);
  at('turns').replaceChildren();
  show();
  return refresh();
}

function leave() {
  accessToken = null;
  sessionStorage.clear();
  show();
}

function show() {
  at('credentials').hidden = Boolean(accessToken);
  at('chat').hidden = !accessToken;
  at('account').hidden = !accessToken;
  at('who').textContent = sessionStorage.getItem('username') ?? '';
}

/** Server-sent events from a body, one at a time: `{event, data}`. Comments carry nothing. */
async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      if (field('data')) yield { event: field('event'), data: JSON.parse(field('data')) };
    }
  }
}

/** Sends a message and lets the answer grow as it comes. */
async function ask(message) {
  const turn = element('li');
  const answer = element('p', 'answer');
  const cost = element('span', 'cost');
  turn.append(element('p', 'question', message), answer, cost);
  at('turns').append(turn);
  answering = new AbortController();
  at('stop').disabled = false;
  try {
    const body = { message, stream: true };
    const { signal } = answering;
    const headers = { Accept: 'text/event-stream' };
    const response = await call('POST', 'api/chat/', body, { signal, headers });
    for await (const { event, data } of eventsOf(response.body)) {
      if (event === 'delta') answer.textContent += data.text;
      if (event === 'done') cost.textContent = `${data.tokens_charged} tokens`;
      if (event === 'error') throw new Error(sentenceOf(data));
    }
  } catch (error) {
    cost.textContent = error.name === 'AbortError' ? 'stopped' : 'not answered';
    throw error;
  } finally {
    answering = undefined;
    at('stop').disabled = true;
  }
}

at('credentials').addEventListener('submit', (event) => {
  event.preventDefault();
  const { username, password } = Object.fromEntries(new FormData(event.target));
  void attempt(async () => {
    const path = event.submitter?.value === 'login' ? 'api/login/' : 'api/register/';
    const { token } = await (await call('POST', path, { username, password })).json();
    event.target.reset();
    await enter(token, username);
  });
});

at('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  const { message } = Object.fromEntries(new FormData(event.target));
  if (answering) return;
  event.target.reset();
  void attempt(() => ask(message)).then(() => accessToken && attemptQuietly(() => refresh()));
});

/** Refreshes without taking away what was told before. */
async function attemptQuietly(work) {
  await work().catch((error) => tell(error.message));
}

at('stop').addEventListener('click', () => answering?.abort());

at('logout').addEventListener('click', () => {
  void attempt(async () => {
    await call('POST', 'api/logout/');
    leave();
  });
});

show();
if (accessToken) void attempt(() => refresh());
