import { isFields, type Fields } from '../json-fields.js';
import { readFields } from '../fields/field-reader.js';
import { refuse, textAt, textOrNull } from './content-parts.js';
import { CustomToolDto, FunctionToolDto, ToolsDto } from './tools.dto.js';

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

/**
 * Parses the tools. Throws a 400 for a malformed tool. Tools of unknown kinds are left out, so that an agent
 * can continue.
 */
export function readTools(given: unknown): Tools {
  const { dto, faults } = readFields(ToolsDto, { tools: given });
  const [fault] = faults;
  if (fault) return refuse(fault.path, fault.sentence);
  const repeated: Fields[] = [];
  const sent: SentTool[] = [];
  const leftOut = new Set<string>();
  for (const tool of dto.tools ?? []) {
    if (tool instanceof FunctionToolDto) {
      repeated.push({ type: 'function', ...partsOf(tool) });
      sent.push(sentFunction(tool));
    } else if (tool instanceof CustomToolDto) {
      repeated.push(repeatedCustom(tool));
      sent.push(sentCustom(tool));
    } else leftOut.add(tool.type);
  }
  return { repeated, sent, leftOut: [...leftOut] };
}

/** Returns the names of the tools whose input is one text. */
export const customNames = (repeatedTools: readonly Fields[]): ReadonlySet<string> =>
  new Set(repeatedTools.filter(({ type }) => type === 'custom').map(({ name }) => String(name)));

const partsOf = ({ name, description, parameters, strict }: FunctionToolDto) => ({
  name,
  description: textOrNull(description),
  parameters: isFields(parameters) ? parameters : null,
  strict: typeof strict === 'boolean' ? strict : null,
});

function sentFunction(tool: FunctionToolDto): SentTool {
  const { name, description, parameters, strict } = partsOf(tool);
  const optionalFields = {
    ...(description !== null && { description }),
    ...(parameters !== null && { parameters }),
    ...(strict !== null && { strict }),
  };
  return { type: 'function', function: { name, ...optionalFields } };
}

function repeatedCustom({ name, description, format }: CustomToolDto): Fields {
  return {
    type: 'custom',
    name,
    ...(typeof description === 'string' && { description }),
    format: isFields(format) ? format : { type: 'text' },
  };
}

/**
 * Converts a custom tool to a function with one text argument. A grammar is added to the description, because
 * there is no field for it.
 */
function sentCustom({ name, description, format }: CustomToolDto): SentTool {
  const grammar =
    isFields(format) && typeof format['definition'] === 'string'
      ? `The input follows this grammar (${String(format['syntax'])}):\n${format['definition']}`
      : '';
  const text = [textOrNull(description) ?? '', grammar].filter((part) => part !== '').join('\n\n');
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
