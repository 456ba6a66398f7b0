import { Injectable, type PipeTransform } from '@nestjs/common';
import { RawBody, decodeJson } from '../drf/decode-body.js';
import { ValidationFailed } from '../errors.js';
import { isFields } from '../json-fields.js';
import { readFields } from '../fields/field-reader.js';
import type { EmbeddingInput, EmbeddingRequest } from '../models/provider.js';
import { inputsIn } from './embedding-inputs.js';
import { EmbeddingsDto } from './embeddings.dto.js';

/** A valid request for embeddings. */
export interface EmbeddingsAsk extends Omit<
  EmbeddingRequest,
  'signal' | 'onQueue' | 'count' | 'memory'
> {
  readonly inputs: readonly EmbeddingInput[];
}

const refuse = (field: string, sentence: string) => new ValidationFailed({ [field]: [sentence] });

/** Parses and checks a JSON request. Throws its first fault. Unknown fields are ignored. */
@Injectable()
export class EmbeddingsBodyPipe implements PipeTransform<RawBody | undefined, EmbeddingsAsk> {
  transform(raw: RawBody | undefined): EmbeddingsAsk {
    const body = raw instanceof RawBody ? decodeJson(raw) : {};
    if (!isFields(body)) throw refuse('non_field_errors', 'Invalid body: expected an object.');
    const { dto, faults } = readFields(EmbeddingsDto, body);
    const [fault] = faults;
    if (fault) throw refuse(fault.path, fault.sentence);
    const { dimensions, user } = dto;
    return {
      model: dto.model,
      input: body['input'] as EmbeddingsAsk['input'],
      inputs: inputsIn(body['input']),
      form: dto.encoding_format ?? 'float',
      extra: { ...(dimensions != null && { dimensions }), ...(user != null && { user }) },
    };
  }
}
