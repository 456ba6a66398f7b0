import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport } from 'ai';
import { createRoot } from 'react-dom/client';

/** React's hook as in its documentation. Only the credential is set. */
const headers = { Authorization: `Bearer ${localStorage.getItem('token')}` };
const transport = new DefaultChatTransport({ headers });

const textOf = ({ parts }) => parts.map(({ text = '' }) => text).join('');

function Chat({ id, messages: earlier }) {
  const { messages, sendMessage, regenerate, stop, status, error } = useChat({
    id,
    messages: earlier,
    transport,
    resume: location.hash === '#resume',
  });
  const stopAndAskAgain = async () => {
    await stop();
    await regenerate();
  };
  const send = (event) => {
    event.preventDefault();
    sendMessage({ text: new FormData(event.target).get('text') });
  };
  return (
    <form onSubmit={send}>
      <ol>
        {messages.map((message) => (
          <li key={message.id}>{`${message.role}: ${textOf(message)}`}</li>
        ))}
      </ol>
      <input name="text" aria-label="Text" />
      <button>Send</button>
      <button type="button" onClick={stop}>
        Stop
      </button>
      <button type="button" onClick={stopAndAskAgain}>
        Again
      </button>
      <output>{error ? error.message : status}</output>
    </form>
  );
}

/** Returns the turns of the chat, oldest first, as messages. */
async function historyOf() {
  const { results } = await (await fetch('/api/chat/?page_size=100', { headers })).json();
  const said = (id, role, text) => ({ id, role, parts: [{ type: 'text', text }] });
  return results
    .reverse()
    .flatMap(({ id, message, response }) => [
      said(`${id}-question`, 'user', message),
      said(id, 'assistant', response),
    ]);
}

const root = createRoot(document.body.appendChild(document.createElement('main')));
root.render(<Chat id="page-chat" messages={await historyOf()} />);
