import {
  InsufficientBalance,
  ModelNotFound,
  ProviderBodyTooLarge,
  ProviderBusy,
  ProviderFailed,
  ProviderRefused,
  ProviderTimedOut,
  ValidationFailed,
} from '../errors.js';
import { describeRoute } from '../openapi/route-docs.js';
import { EmbeddingListDto, EmbeddingsDto } from './embeddings.dto.js';

const model = 'text-embedding-3-small';
const whole = { type: 'integer', minimum: 0 } as const;

export const EmbeddingsDocs = {
  create: () =>
    describeRoute({
      id: 'createEmbeddings',
      tag: 'OpenAI',
      summary: 'Create embeddings',
      description:
        "For OpenAI's clients. Charged at the model's price for its prompt. A model with a flat price charges one message for any number of inputs. The inputs and the embeddings are not stored. The ledger has the charge. An Idempotency-Key is refused, because there is no stored answer to replay.",
      body: {
        type: EmbeddingsDto,
        isJsonOnly: true,
        examples: {
          text: { summary: 'A text', value: { model, input: 'Where do I pay?' } },
          texts: {
            summary: 'Several, in base64',
            value: { model, input: ['One', 'Two'], encoding_format: 'base64' },
          },
        },
      },
      answers: {
        200: {
          description: 'The embeddings.',
          type: EmbeddingListDto,
          headers: {
            'Tokens-Charged': { description: 'The tokens that they cost.', schema: whole },
            'Tokens-Balance': {
              description: 'The tokens that can be spent after it.',
              schema: whole,
            },
          },
        },
      },
      errors: [
        new ValidationFailed({ input: ['Empty: expected a text, or model tokens.'] }),
        new InsufficientBalance(100, 40),
        new ModelNotFound('oracle'),
        new ProviderRefused('The input is too long.', { isTooLong: true }),
        new ProviderRefused('The input is empty.'),
        new ProviderBodyTooLarge('The input is too large.'),
        new ProviderFailed(),
        new ProviderBusy(5),
        new ProviderTimedOut(),
      ],
    }),
};
