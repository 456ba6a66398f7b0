import { Injectable, type PipeTransform } from '@nestjs/common';
import { RawBody, decodeJson } from '../drf/decode-body.js';
import { isFields } from '../json-fields.js';
import { readFields } from '../fields/field-reader.js';
import { refuse } from './content-parts.js';
import { readInput, type InputItem } from './input-items.js';
import { ResponseBodyDto } from './response-body.dto.js';
import { readSettings, type RequestSettings } from './settings.js';

/** A valid request for a response. */
export interface ResponseAsk extends RequestSettings {
  readonly model: string;
  readonly items: readonly InputItem[];
  readonly isStream: boolean;
  readonly maxTokens: number | undefined;
}

/**
 * Parses and validates the JSON of a request. Throws the first problem, with the name that OpenAI uses for
 * its place. Unknown fields are ignored.
 */
@Injectable()
export class ResponseBodyPipe implements PipeTransform<RawBody | undefined, ResponseAsk> {
  transform(raw: RawBody | undefined): ResponseAsk {
    const body = raw instanceof RawBody ? decodeJson(raw) : {};
    if (!isFields(body)) return refuse('non_field_errors', 'Invalid body: expected an object.');
    const { dto, faults } = readFields(ResponseBodyDto, body);
    const [fault] = faults;
    if (fault) return refuse(fault.path, fault.sentence);
    // A request may continue an earlier response and add nothing to it.
    const none = (dto.previous_response_id ?? null) === null ? undefined : [];
    const { items, leftOut } = readInput(body['input'] ?? none);
    return {
      ...readSettings(dto, leftOut),
      model: dto.model,
      items,
      isStream: dto.stream ?? false,
      maxTokens: dto.max_output_tokens ?? undefined,
    };
  }
}
