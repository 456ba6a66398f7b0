import type { SchemaObject } from '@nestjs/swagger';

const detail = { type: 'string', description: 'A sentence for people. Part of the contract.' };
const code = {
  type: 'string',
  description: 'A word for programs. Never changes after its release.',
};

/** The schemas of the bodies of errors. */
export const ERROR_SCHEMAS = {
  Problem: {
    type: 'object',
    description: 'The error.',
    required: ['detail', 'code'],
    properties: { detail, code },
  },
  ValidationErrors: {
    type: 'object',
    description: 'All errors of all fields. `non_field_errors` has the errors of the whole body.',
    minProperties: 1,
    additionalProperties: { type: 'array', minItems: 1, items: { type: 'string' } },
  },
  InsufficientTokens: {
    type: 'object',
    description: 'The wallet cannot pay for it. Nothing was charged. The amounts are in headers.',
    required: ['error'],
    properties: {
      error: {
        type: 'string',
        description: 'Always this sentence.',
        enum: ['Insufficient tokens'],
      },
    },
  },
  CredentialRefused: {
    type: 'object',
    description: 'The `Bearer` credential is not valid. The texts are those of SimpleJWT.',
    required: ['detail', 'code', 'messages'],
    properties: {
      detail,
      code,
      messages: {
        type: 'array',
        description: 'The reason for each kind of token that was tried.',
        items: {
          type: 'object',
          required: ['token_class', 'token_type', 'message'],
          properties: {
            token_class: { type: 'string', description: 'Always `AccessToken`.' },
            token_type: { type: 'string', description: 'Always `access`.' },
            message: { type: 'string', description: 'The reason.' },
          },
        },
      },
    },
  },
  OpenAiError: {
    type: 'object',
    description: 'The error, in the format of OpenAI.',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        description: 'The only error.',
        required: ['message', 'type', 'param', 'code'],
        properties: {
          message: { type: 'string', description: 'A sentence for people.' },
          type: { type: 'string', description: 'The kind of error.' },
          param: { type: ['string', 'null'], description: 'The field with the error.' },
          code: { type: ['string', 'null'], description: 'A word for programs.' },
        },
      },
    },
  },
} satisfies Record<string, SchemaObject>;
