import { TestApp } from './app.js';
import { modelsOf } from './models-file.js';
import { calling, saying, thinking } from './responses.js';
import { Upstream, type Behaviour, type UpstreamCall } from './upstream.js';

const toolsOf = ({ body }: UpstreamCall) =>
  ((body['tools'] ?? []) as { function: { name: string } }[]).map((tool) => tool.function.name);

/**
 * A model that adds and multiplies with tools, hands over to another agent if there is one, and then reports the
 * results of the tools.
 */
const agent: Behaviour = (call) => {
  const { messages } = call.body;
  const outputs = messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  const tools = toolsOf(call);
  const handOff = tools.find((name) => name.startsWith('transfer_to_'));
  if (outputs.length === 0 && tools.includes('add')) {
    return calling(
      ['call_add', 'add', '{"a":1,"b":2}'],
      ['call_multiply', 'multiply', '{"a":3,"b":4}'],
    )(call);
  }
  if (handOff !== undefined) return calling(['call_hand_off', handOff, '{}'])(call);
  return thinking(['Let me ', 'see.'], 'The tools gave ', outputs.join(' and '), '.')(call);
};

/** Models for clients that run agents. */
const AGENT_MODELS: Record<string, Behaviour> = {
  agent,
  says: saying('Hello ', 'there'),
  json: saying('{"city":', '"Bern"}'),
};

/** Starts the service with these models on SQLite, and their provider. */
export async function startAgentModels(): Promise<{
  app: TestApp;
  upstream: Upstream;
  close: () => Promise<void>;
}> {
  const upstream = await Upstream.start(AGENT_MODELS);
  const settings = modelsOf(upstream.baseUrl, Object.keys(AGENT_MODELS));
  const app = await TestApp.start('sqlite', settings);
  const close = async () => {
    await app.close();
    await upstream.stop();
  };
  return { app, upstream, close };
}
