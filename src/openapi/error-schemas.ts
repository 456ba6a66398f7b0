import type { SchemaObject } from '@nestjs/swagger';

const detail = { type: 'string', description: 'For people. Part of the contract.' };
const code = { type: 'string', description: 'For machines. Never changes once released.' };

/** The schemas of the bodies of errors. */
export const ERROR_SCHEMAS = {
  Problem: {
    type: 'object',
    description: 'What went wrong.',
    required: ['detail', 'code'],
    properties: { detail, code },
  },
  ValidationErrors: {
    type: 'object',
    description:
      'What is wrong with each field, all at once; `non_field_errors` is about the whole body.',
    minProperties: 1,
    additionalProperties: { type: 'array', minItems: 1, items: { type: 'string' } },
  },
  InsufficientTokens: {
    type: 'object',
    description: 'The wallet cannot pay for it. Nothing was charged; the figures are in headers.',
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
    description: 'A `Bearer` credential that serves for nothing, in the words of SimpleJWT.',
    required: ['detail', 'code', 'messages'],
    properties: {
      detail,
      code,
      messages: {
        type: 'array',
        description: 'Why, for each kind of token that was tried.',
        items: {
          type: 'object',
          required: ['token_class', 'token_type', 'message'],
          properties: {
            token_class: { type: 'string', description: 'Always `AccessToken`.' },
            token_type: { type: 'string', description: 'Always `access`.' },
            message: { type: 'string', description: 'Why it was refused.' },
          },
        },
      },
    },
  },
  OpenAiError: {
    type: 'object',
    description: 'What went wrong, in the shape of OpenAI.',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        description: 'The one error that there is.',
        required: ['message', 'type', 'param', 'code'],
        properties: {
          message: { type: 'string', description: 'For people.' },
          type: { type: 'string', description: 'The kind of error.' },
          param: { type: ['string', 'null'], description: 'The field that it is about.' },
          code: { type: ['string', 'null'], description: 'For machines.' },
        },
      },
    },
  },
} satisfies Record<string, SchemaObject>;
