import { Injectable, type PipeTransform } from '@nestjs/common';
import { ValidationFailed } from '../errors.js';
import { RawBody, decodeJson } from '../drf/decode-body.js';
import { isFields, readFields } from '../fields/field-reader.js';
import type { ChatMessage } from '../models/providers/provider.js';
import { CompletionDto } from './completion.dto.js';
import { PASSED_ON } from './passed-on.dto.js';

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

const refuse = (field: string, sentence: string) => new ValidationFailed({ [field]: [sentence] });

/** Functions alone: what else stands in a tool may switch on one that its provider runs, and bills. */
function bareTools(tools: unknown): unknown {
  if (!Array.isArray(tools)) return tools;
  return (tools as { type?: unknown; function?: unknown }[]).map(({ type, function: called }) => ({
    type,
    function: called,
  }));
}

/** JSON to a checked request, or its first fault by the name that OpenAI gives the place. Types are strict where OpenAI's are; fields of no list are ignored. */
@Injectable()
export class CompletionBodyPipe implements PipeTransform<RawBody | undefined, CompletionAsk> {
  transform(raw: RawBody | undefined): CompletionAsk {
    const body = raw instanceof RawBody ? decodeJson(raw) : {};
    if (!isFields(body)) throw refuse('non_field_errors', 'Invalid body: expected an object.');
    const { dto, faults } = readFields(CompletionDto, body);
    const [fault] = faults;
    if (fault) throw refuse(fault.path, fault.sentence);
    const isPassedOn = (name: string) => (PASSED_ON as readonly string[]).includes(name);
    return {
      model: dto.model,
      messages: body['messages'] as readonly ChatMessage[],
      isStream: dto.stream ?? false,
      tellsUsage: dto.stream_options?.include_usage ?? false,
      maxTokens: dto.max_completion_tokens ?? dto.max_tokens ?? undefined,
      extra: Object.fromEntries(
        Object.entries(body)
          .filter(([name, value]) => value !== null && isPassedOn(name))
          .map(([name, value]) => [name, name === 'tools' ? bareTools(value) : value]),
      ),
    };
  }
}
