import { calling, saying, thinking } from './responses.js';
import type { Behaviour, UpstreamCall } from './upstream.js';

const toolsOf = ({ body }: UpstreamCall) =>
  ((body['tools'] ?? []) as { function: { name: string } }[]).map((tool) => tool.function.name);

/**
 * A model that adds and multiplies by tools, hands over where there is somebody to hand over to, and then says
 * what the tools gave.
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

/** Models for clients that drive agents. */
export const AGENT_MODELS: Record<string, Behaviour> = {
  agent,
  says: saying('Hello ', 'there'),
  json: saying('{"city":', '"Bern"}'),
};
