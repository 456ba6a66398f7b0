import { Injectable, type PipeTransform } from '@nestjs/common';
import { ValidationFailed } from '../errors.js';
import { RawBody, decodeJson } from '../drf/decode-body.js';
import { isFields } from '../json-fields.js';
import { readFields } from '../fields/field-reader.js';
import type { ChatMessage } from '../models/provider.js';
import { CompletionDto, NO_LIMIT } from './completion.dto.js';
import { PASSED_ON } from './passed-on.dto.js';

/** A valid request for a completion. */
export interface CompletionAsk {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly isStream: boolean;
  readonly includesUsage: boolean;
  readonly maxTokens: number | undefined;
  /** The fields that are passed on to the model unchanged. */
  readonly extra: Readonly<Record<string, unknown>>;
}

const refuse = (field: string, sentence: string) => new ValidationFailed({ [field]: [sentence] });

/**
 * Keeps only functions. Other fields of a tool may enable a tool that runs at the provider, which the
 * provider charges for.
 */
function onlyFunctions(tools: unknown): unknown {
  if (!Array.isArray(tools)) return tools;
  return (tools as { type?: unknown; function?: unknown }[]).map(({ type, function: called }) => ({
    type,
    function: called,
  }));
}

/**
 * Parses and validates the JSON of a request. Throws the first problem, with the name that OpenAI uses for
 * its place. Types are as strict as OpenAI's. Unknown fields are ignored.
 */
@Injectable()
export class CompletionBodyPipe implements PipeTransform<RawBody | undefined, CompletionAsk> {
  transform(raw: RawBody | undefined): CompletionAsk {
    const body = raw instanceof RawBody ? decodeJson(raw) : {};
    if (!isFields(body)) throw refuse('non_field_errors', 'Invalid body: expected an object.');
    const { dto, faults } = readFields(CompletionDto, body);
    const [fault] = faults;
    if (fault) throw refuse(fault.path, fault.sentence);
    const limit = dto.max_completion_tokens ?? dto.max_tokens ?? undefined;
    const isPassedOn = (name: string) => (PASSED_ON as readonly string[]).includes(name);
    return {
      model: dto.model,
      messages: body['messages'] as readonly ChatMessage[],
      isStream: dto.stream ?? false,
      includesUsage: dto.stream_options?.include_usage ?? false,
      maxTokens: limit === NO_LIMIT ? undefined : limit,
      extra: Object.fromEntries(
        Object.entries(body)
          .filter(([name, value]) => value !== null && isPassedOn(name))
          .map(([name, value]) => [name, name === 'tools' ? onlyFunctions(value) : value]),
      ),
    };
  }
}
