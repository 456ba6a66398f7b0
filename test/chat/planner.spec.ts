import { beforeEach, describe, expect, it } from '@jest/globals';
import { Planner, requestOf } from '../../src/chat/planner.js';
import type { Question } from '../../src/chat/question.js';
import type { Config } from '../../src/config/config.js';
import type { ClientChats } from '../../src/conversations/client-chats.service.js';
import type {
  ConversationsService,
  OwnConversation,
} from '../../src/conversations/conversations.service.js';
import type { ConversationContext } from '../../src/conversations/conversation-context.js';
import { TooLongForModel, ValidationFailed } from '../../src/errors.js';
import type { Model, ModelCatalogue } from '../../src/models/model-catalogue.js';
import type { ChatMessage } from '../../src/models/provider.js';
import type { Principal } from '../../src/principal.js';
import { METERED } from '../support/models-file.js';

const ADA: Principal = { userId: 'ada', credentialId: 'c', kind: 'access_token' };
const ID = '00000000-0000-7000-8000-000000000001';
const CHATS: Record<string, string> = { known: ID };
const EARLIER: ChatMessage = { role: 'assistant', content: 'Ok?' };
/** Three bytes: an estimate of 5 model tokens, and a bound of 11. */
const HI: ChatMessage = { role: 'user', content: 'Hi!' };

const modelOf = (id: string, more: Partial<Model> = {}) =>
  ({ id, price: METERED, contextTokens: 100, maxTokens: 40, ...more }) as Model;
const question = (more: Partial<Question> = {}): Question => ({
  ...{ route: 'chat', message: 'Hi!', ...more },
});

describe('the plan of a question, without a service', () => {
  let model: Model;
  let fallbacks: Model[];
  let conversation: Partial<OwnConversation>;
  let budgets: number[];
  let asked: unknown[];
  let fault: Error | undefined;
  let planner: Planner;

  beforeEach(() => {
    [model, fallbacks, conversation] = [modelOf('first'), [], { id: ID, model: 'its' }];
    [budgets, asked, fault] = [[], [], undefined];
    const conversations = {
      find: (...words: string[]) => {
        asked.push(words);
        return Promise.resolve(conversation);
      },
    } as unknown as ConversationsService;
    const context = {
      read: (_: OwnConversation, budget: number) => {
        budgets.push(budget);
        return fault && budgets.length > 1 ? Promise.reject(fault) : Promise.resolve([EARLIER]);
      },
      newestTurn: () => Promise.resolve(7),
    } as unknown as ConversationContext;
    const chats = {
      find: (owner: string, chat: string) =>
        Promise.resolve(owner === ADA.userId ? CHATS[chat] : undefined),
    } as unknown as ClientChats;
    const models = {
      find: (id: string | undefined, { userId }: Principal) => {
        asked.push([id, userId]);
        return model;
      },
      fallbacksOf: (of: Model) => (of === model ? fallbacks : []),
    } as unknown as ModelCatalogue;
    planner = new Planner(conversations, chats, models, context, { messageMaxChars: 20 } as Config);
  });

  it('is the message alone, with the bound of its prompt and the longest answer', async () => {
    expect(await planner.plan(ADA, question({ model: 'first' }))).toEqual({
      ...{ model, messages: [HI], promptTokens: 11, maxTokens: 40 },
      ...{ fallbacks: [], newestTurn: undefined },
    });
    expect(asked).toEqual([['first', 'ada']]);
    expect(budgets).toEqual([]);
  });

  it.each([
    [undefined, 40],
    [39, 39],
    [41, 40],
    [1, 1],
  ])(
    'has room for the wanted answer of %p model tokens, at most for the longest of the model: %i',
    async (...row) => {
      const [wanted, maxTokens] = row;
      expect((await planner.plan(ADA, question({ maxTokens: wanted }))).maxTokens).toBe(maxTokens);
    },
  );

  it.each([
    [45, 40],
    [44, 39],
    [6, 1],
  ])(
    'in a context of %i model tokens leaves %i to the answer',
    async (contextTokens, maxTokens) => {
      model = modelOf('short', { contextTokens });
      expect((await planner.plan(ADA, question())).maxTokens).toBe(maxTokens);
    },
  );

  it('is refused if the context has no room for an answer', async () => {
    model = modelOf('short', { contextTokens: 5 });
    const refusal = await planner.plan(ADA, question()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TooLongForModel);
    expect(refusal).toMatchObject({ modelId: 'short' });
  });

  it('contains the conversation, as far as half of the context, or all but the answer, has room', async () => {
    const plan = await planner.plan(ADA, question({ conversationId: ID }));
    expect(plan).toMatchObject({ messages: [EARLIER, HI], newestTurn: 7, promptTokens: 22 });
    expect(asked).toEqual([
      ['ada', ID],
      ['its', 'ada'],
    ]);
    model = modelOf('long answers', { contextTokens: 101, maxTokens: 90 });
    await planner.plan(ADA, question({ conversationId: ID, model: 'named' }));
    expect(asked.at(-1)).toEqual(['named', 'ada']);
    expect(budgets).toEqual([100 - 40 - 5, 101 - 50 - 5]);
  });

  it('contains what the caller sends instead, with the system text only for a client’s chat', async () => {
    conversation = { ...conversation, system: 'Be brief.' };
    const sent = { conversationId: ID, messages: [EARLIER, { ...HI, unknown: 'field' }] };
    const plan = await planner.plan(ADA, question(sent));
    expect(plan).toMatchObject({ messages: [EARLIER, HI], newestTurn: undefined });
    const ofChat = await planner.plan(ADA, question({ ...sent, chatId: 'known' }));
    expect(ofChat.messages).toEqual([{ role: 'system', content: 'Be brief.' }, EARLIER, HI]);
    for (const system of [null, '']) {
      conversation = { ...conversation, system };
      const bare = await planner.plan(ADA, question({ ...sent, chatId: 'known' }));
      expect(bare.messages).toEqual([EARLIER, HI]);
    }
    const alone = await planner.plan(ADA, question({ messages: [HI], chatId: 'new' }));
    expect(alone.messages).toEqual([HI]);
    expect(budgets).toEqual([]);
  });

  it('counts other fields of the request, and pictures by the model’s count', async () => {
    const extra = { stop: 'x' };
    expect((await planner.plan(ADA, question({ extra }))).promptTokens).toBe(11 + 12);
    model = modelOf('sees', { imageTokens: 30 });
    const picture = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } };
    const seen = { role: 'user', content: [picture] } as unknown as ChatMessage;
    // The text of a list without text is `[]`.
    const plan = await planner.plan(ADA, question({ messages: [seen] }));
    expect(plan.promptTokens).toBe(8 + 30 + 2);
    model = modelOf('blind');
    const refusal = planner.plan(ADA, question({ messages: [seen] }));
    await expect(refusal).rejects.toBeInstanceOf(ValidationFailed);
  });

  it('contains the fallbacks that accept the question, and fails if one fails otherwise', async () => {
    fallbacks = [modelOf('short', { contextTokens: 5 }), modelOf('other', { maxTokens: 3 })];
    const plan = await planner.plan(ADA, question({ conversationId: ID }));
    const other = { model: fallbacks[1], messages: [EARLIER, HI], promptTokens: 22, maxTokens: 3 };
    expect(plan.fallbacks).toEqual([other]);
    budgets.length = 0;
    fault = new Error('no such table');
    await expect(planner.plan(ADA, question({ conversationId: ID }))).rejects.toBe(fault);
  });

  it('refuses a message that is too long, before anything is read', async () => {
    const message = 'x'.repeat(21);
    const refusal = planner.plan(ADA, question({ message }));
    const words = 'Ensure this field has no more than 20 characters.';
    await expect(refusal).rejects.toMatchObject({ fields: { message: [words] } });
    expect(asked).toEqual([]);
    expect((await planner.plan(ADA, question({ message: message.slice(1) }))).maxTokens).toBe(40);
  });

  it('has a price from the estimate without an answer to the bound with the longest, of all models', async () => {
    expect(await planner.quote(ADA, question())).toEqual({
      ...{ model: 'first', floor: 5, ceiling: 11 + 2 * 40 },
    });
    fallbacks = [
      modelOf('cheap', { price: { perMessage: 3 } }),
      modelOf('dear', { price: { perMessage: 500 } }),
    ];
    expect(await planner.quote(ADA, question())).toEqual({
      ...{ model: 'first', floor: 3, ceiling: 500 },
    });
  });

  it('belongs to the conversation of the client’s chat, or to a new one', async () => {
    const plain = question();
    expect(await planner.withConversation('ada', plain)).toBe(plain);
    const known = question({ chatId: 'known' });
    expect(await planner.withConversation('ada', known)).toEqual({ ...known, conversationId: ID });
    for (const [owner, chatId] of [
      ['ada', 'new'],
      ['bob', 'known'],
    ] as const) {
      const opened = await planner.withConversation(owner, question({ chatId }));
      expect(opened).toEqual({
        ...question({ chatId }),
        newConversationId: expect.stringMatching(/^[\da-f-]{36}$/) as unknown,
      });
    }
  });

  it('becomes a request with the provider’s name of the model and the fields beside the prompt', () => {
    const named = modelOf('first', { upstream: 'their-name', maxTokensField: 'max_tokens' });
    const plan = { model: named, messages: [HI], promptTokens: 11, maxTokens: 40 };
    const request = {
      model: 'their-name',
      messages: [HI],
      maxTokens: 9,
      maxTokensField: 'max_tokens',
    };
    expect(requestOf(plan, question(), 9)).toEqual({ ...request, extra: {} });
    const extra = { stop: 'x' };
    expect(requestOf(plan, question({ extra }), 9)).toEqual({ ...request, extra });
  });
});
