import { Injectable, type PipeTransform } from '@nestjs/common';
import { validateSync, type ValidationError } from 'class-validator';
import { ValidationFailed } from '../errors.js';
import { RawBody, decodeJson } from '../drf/decode-body.js';
import type { ChatMessage } from '../models/providers/provider.js';
import {
  CompletionDto,
  CompletionMessageDto,
  MESSAGES_MAX,
  StreamOptionsDto,
} from './completion.dto.js';
import { PASSED_ON } from './passed-on.dto.js';

/** The fields that are read here. */
const READ = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
] as const;
/** The fields whose rules are checked. */
const CHECKED = [...READ, 'tools'] as const;

/** A request for a completion whose rules hold. */
export interface CompletionAsk {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly isStream: boolean;
  readonly tellsUsage: boolean;
  readonly maxTokens: number | undefined;
  /** What goes to the model as it came. */
  readonly extra: Readonly<Record<string, unknown>>;
}

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = (field: string, sentence: string) => new ValidationFailed({ [field]: [sentence] });

/** The same values as instances of the classes that carry the rules. */
function toDto(body: Fields): CompletionDto {
  const dto = new CompletionDto();
  for (const name of CHECKED) if (name in body) Object.assign(dto, { [name]: body[name] });
  const { messages, stream_options: options } = body;
  if (Array.isArray(messages)) {
    if (messages.length > MESSAGES_MAX) {
      throw refuse('messages', `Too long: at most ${String(MESSAGES_MAX)} messages.`);
    }
    dto.messages = (messages as unknown[]).map((message) => {
      if (!isFields(message)) return message;
      const { role, content } = message;
      return Object.assign(new CompletionMessageDto(), { role, content });
    });
  }
  if (isFields(options)) {
    dto.stream_options = Object.assign(new StreamOptionsDto(), {
      include_usage: options['include_usage'],
    });
  }
  return dto;
}

/** The first fault, by its place as OpenAI writes it (`messages[0].role`). */
function firstFault(errors: readonly ValidationError[], path = ''): ValidationFailed | undefined {
  const [error] = errors;
  if (!error) return undefined;
  const { property, constraints = {}, children = [] } = error;
  const isIndex = /^\d+$/.test(property);
  const place = isIndex ? `${path}[${property}]` : path === '' ? property : `${path}.${property}`;
  const [sentence] = Object.values(constraints);
  return sentence === undefined ? firstFault(children, place) : refuse(place, sentence);
}

/** JSON to a checked request. Types are strict where OpenAI's are; fields of no list are ignored. */
@Injectable()
export class CompletionBodyPipe implements PipeTransform<RawBody | undefined, CompletionAsk> {
  transform(raw: RawBody | undefined): CompletionAsk {
    const body = raw instanceof RawBody ? decodeJson(raw) : {};
    if (!isFields(body)) throw refuse('non_field_errors', 'Invalid body: expected an object.');
    const dto = toDto(body);
    const fault = firstFault(validateSync(dto, { forbidUnknownValues: false }));
    if (fault) throw fault;
    const isPassedOn = (name: string) => (PASSED_ON as readonly string[]).includes(name);
    return {
      model: dto.model,
      messages: body['messages'] as readonly ChatMessage[],
      isStream: dto.stream ?? false,
      tellsUsage: dto.stream_options?.include_usage ?? false,
      maxTokens: dto.max_completion_tokens ?? dto.max_tokens ?? undefined,
      extra: Object.fromEntries(Object.entries(body).filter(([name]) => isPassedOn(name))),
    };
  }
}
