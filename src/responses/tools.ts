import { isFields } from '../fields/field-reader.js';
import { refuse, textAt } from './content-parts.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The tools of a request: as the answer repeats them, as they are sent to the model, and those that are left
 * out.
 */
export interface Tools {
  /** Functions and custom tools, in the format of OpenAI's answers. */
  readonly repeated: readonly Fields[];
  readonly sent: readonly SentTool[];
  /** The kinds that run at OpenAI, which this service does not support. */
  readonly leftOut: readonly string[];
}

interface SentTool {
  readonly type: 'function';
  readonly function: Fields & { readonly name: string };
}

const TOOLS_MAX = 1024;

/**
 * Parses the tools. Throws a 400 for a malformed tool. Tools of unknown kinds are left out, so that an agent
 * can continue.
 */
export function readTools(tools: unknown): Tools {
  if (tools === undefined || tools === null) return { repeated: [], sent: [], leftOut: [] };
  if (!Array.isArray(tools)) return refuse('tools', 'Invalid type: expected an array of tools.');
  if (tools.length > TOOLS_MAX) refuse('tools', `Too long: at most ${String(TOOLS_MAX)} tools.`);
  const repeated: Fields[] = [];
  const sent: SentTool[] = [];
  const leftOut = new Set<string>();
  tools.forEach((tool: unknown, n) => {
    const path = `tools[${String(n)}]`;
    if (!isFields(tool)) return refuse(path, 'Invalid type: expected a tool.');
    const type = textAt(tool, 'type', path);
    if (type === 'function') {
      repeated.push(repeatedFunction(tool, path));
      sent.push(sentFunction(tool, path));
    } else if (type === 'custom') {
      repeated.push(repeatedCustom(tool, path));
      sent.push(sentCustom(tool, path));
    } else leftOut.add(type);
  });
  return { repeated, sent, leftOut: [...leftOut] };
}

/** Returns the names of the tools whose input is one text. */
export const customNames = (repeatedTools: readonly Fields[]): ReadonlySet<string> =>
  new Set(repeatedTools.filter(({ type }) => type === 'custom').map(({ name }) => String(name)));

function partsOf(tool: Fields, path: string) {
  const { description, parameters, strict } = tool;
  return {
    name: textAt(tool, 'name', path),
    description: typeof description === 'string' ? description : null,
    parameters: isFields(parameters) ? parameters : null,
    strict: typeof strict === 'boolean' ? strict : null,
  };
}

const repeatedFunction = (tool: Fields, path: string) => ({
  type: 'function',
  ...partsOf(tool, path),
});

function sentFunction(tool: Fields, path: string): SentTool {
  const { name, description, parameters, strict } = partsOf(tool, path);
  const optionalFields = {
    ...(description !== null && { description }),
    ...(parameters !== null && { parameters }),
    ...(strict !== null && { strict }),
  };
  return { type: 'function', function: { name, ...optionalFields } };
}

function repeatedCustom(tool: Fields, path: string): Fields {
  const { name, description } = partsOf(tool, path);
  const { format } = tool;
  return {
    type: 'custom',
    name,
    ...(description !== null && { description }),
    format: isFields(format) ? format : { type: 'text' },
  };
}

/**
 * Converts a custom tool to a function with one text argument. A grammar is added to the description, because
 * there is no field for it.
 */
function sentCustom(tool: Fields, path: string): SentTool {
  const { name, description } = partsOf(tool, path);
  const { format } = tool;
  const grammar =
    isFields(format) && typeof format['definition'] === 'string'
      ? `The input follows this grammar (${String(format['syntax'])}):\n${format['definition']}`
      : '';
  const text = [description ?? '', grammar].filter((part) => part !== '').join('\n\n');
  const parameters = {
    type: 'object',
    properties: { input: { type: 'string', description: 'The input of the tool, as text.' } },
    required: ['input'],
    additionalProperties: false,
  };
  return { type: 'function', function: { name, ...(text && { description: text }), parameters } };
}

/** The caller's choice of a tool, as the answer repeats it and as it is sent to the model. */
interface ToolChoice {
  readonly repeated: unknown;
  readonly sent: unknown;
  /** The tools that the model may call. */
  readonly tools: readonly SentTool[];
}

const MODES = ['auto', 'none', 'required'];

/**
 * Parses the choice of a tool. Throws a 400 if it is malformed or names an unknown tool. If it names a tool
 * that was left out, the model may choose freely.
 */
export function readToolChoice(choice: unknown, { sent, leftOut }: Tools): ToolChoice {
  if (choice === undefined || choice === null)
    return { repeated: 'auto', sent: undefined, tools: sent };
  if (typeof choice === 'string') {
    if (!MODES.includes(choice)) {
      refuse('tool_choice', `Invalid value: expected one of ${MODES.join(', ')}.`);
    }
    return { repeated: choice, sent: choice, tools: sent };
  }
  if (!isFields(choice)) return refuse('tool_choice', 'Invalid type: expected a string or object.');
  const { type } = choice;
  if (type === 'function' || type === 'custom') return chosenTool(choice, sent);
  if (type === 'allowed_tools') return allowedTools(choice, sent);
  if (leftOut.includes(String(type))) return { repeated: 'auto', sent: undefined, tools: sent };
  return refuse('tool_choice.type', 'Invalid value: none of the tools is of this type.');
}

function chosenTool(choice: Fields, tools: readonly SentTool[]): ToolChoice {
  const name = textAt(choice, 'name', 'tool_choice');
  if (!tools.some((tool) => tool.function.name === name)) {
    refuse('tool_choice.name', 'Invalid value: none of the tools has this name.');
  }
  const repeated = { type: choice['type'], name };
  return { repeated, sent: { type: 'function', function: { name } }, tools };
}

function allowedTools(choice: Fields, tools: readonly SentTool[]): ToolChoice {
  const { tools: listed, mode } = choice;
  if (!Array.isArray(listed)) {
    return refuse('tool_choice.tools', 'Missing or invalid: expected an array of tools.');
  }
  const names = new Set(listed.filter(isFields).map(({ name }) => name));
  const sentMode = mode === 'required' ? 'required' : 'auto';
  return {
    repeated: { type: 'allowed_tools', mode: sentMode, tools: listed as unknown[] },
    sent: sentMode,
    tools: tools.filter((tool) => names.has(tool.function.name)),
  };
}
