import { Injectable } from '@nestjs/common';
import { withCheck, type Question } from '../chat/question.js';
import type { Turn } from '../conversations/turn.entity.js';
import { WholeTurnsService } from '../conversations/whole-turns.service.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { NotFound, PreviousResponseNotFound } from '../errors.js';
import { ModelCatalogue, type Model } from '../models/model-catalogue.js';
import { estimatePrompt, estimateTokens } from '../models/prompt.js';
import type { ChatMessage } from '../models/provider.js';
import type { Principal } from '../principal.js';
import { shownText } from '../shown-text.js';
import { refuse } from './content-parts.js';
import type { InputItem } from './input-items.js';
import { turnOfResponse } from './item-ids.js';
import { questionIn, writeStoredRequest } from './stored-request.js';
import type { ResponseAsk } from './response-body.pipe.js';
import {
  CONTEXT_MAX_BYTES,
  ResponseContextService,
  refuseTooLong,
  refuseUnknown,
} from './response-context.service.js';
import { assertOutputsHaveCalls } from './tool-outputs.js';
import { toMessages, type Step } from './transcript.js';

/** Converts requests for responses to questions for a model, and finds and deletes their turns. */
@Injectable()
export class ResponsesService {
  constructor(
    private readonly models: ModelCatalogue,
    private readonly turns: WholeTurnsService,
    private readonly context: ResponseContextService,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /**
   * Returns the question of a request. The history is read only if the key is new and the request continues
   * an earlier turn. Throws `ModelNotFound`, with a key only once it is known to be new, and
   * `PreviousResponseNotFound` for an id in another format.
   */
  questionOf(principal: Principal, ask: ResponseAsk, idempotencyKey: string | undefined): Question {
    const { model, items, repeated, extra, maxTokens } = ask;
    const find = () => this.models.findNamed(model, principal);
    const { previous_response_id: previous } = repeated;
    const previousId = previous === null ? undefined : turnOfResponse(previous);
    if (previous !== null && previousId === undefined)
      throw new PreviousResponseNotFound(shownText(previous));
    const asked: Question = {
      route: 'responses',
      message: '',
      model,
      maxTokens,
      extra,
      idempotencyKey,
      isKept: repeated.store,
      previousId,
      // The field names are part of the idempotency key's stored hash, so they must not change.
      request: JSON.stringify({ told: repeated, items }),
    };
    const isReference = ({ kind }: InputItem) => kind === 'reference';
    if (previousId === undefined && !items.some(isReference)) {
      return withCheck(this.withMessages(asked, ask, [], items as readonly Step[]), find);
    }
    const prepare = () => this.prepare(principal.userId, asked, ask, find());
    return withCheck({ ...asked, prepare }, find);
  }

  /** Returns the turn of a response. Throws `NotFound` if it belongs to another user, or was not stored. */
  async find(ownerId: string, id: string): Promise<Turn> {
    const turnId = turnOfResponse(id);
    const [turn] = turnId === undefined ? [] : await this.turns.find(ownerId, [turnId]);
    if (!turn) throw notFound(id);
    return turn;
  }

  /** Deletes the turn of a response. Its charge stays in the ledger. Throws `NotFound`. */
  async remove(ownerId: string, id: string): Promise<void> {
    const turnId = turnOfResponse(id);
    if (turnId === undefined) throw notFound(id);
    await this.unitOfWork
      .run((tx) => this.turns.remove(tx, ownerId, turnId))
      .catch((error: unknown) => {
        throw error instanceof NotFound ? notFound(id) : error;
      });
  }

  private async prepare(
    ownerId: string,
    asked: Question,
    ask: ResponseAsk,
    model: Model,
  ): Promise<Question> {
    const steps = await this.resolveReferences(ownerId, ask.items, model);
    if (asked.previousId === undefined) return this.withMessages(asked, ask, [], steps);
    const budget = {
      model,
      tokens: contextTokensLeft(model, ask, toMessages(steps)),
      mayOmitOldest: ask.repeated.truncation === 'auto',
    };
    const { conversationId, messages } = await this.context.contextBefore(
      ownerId,
      asked.previousId,
      budget,
    );
    const question = this.withMessages(asked, ask, messages, steps);
    // An answer that is not stored needs no conversation.
    return asked.isKept ? { ...question, conversationId } : question;
  }

  /** Returns the question with all messages for the model. */
  private withMessages(
    asked: Question,
    { repeated: settings }: ResponseAsk,
    earlier: readonly ChatMessage[],
    steps: readonly Step[],
  ): Question {
    const added = toMessages(steps);
    const { instructions } = settings;
    const first: ChatMessage[] =
      instructions === null ? [] : [{ role: 'system', content: instructions }];
    const messages = [...first, ...earlier, ...added];
    if (messages.length === 0) refuse('input', 'Missing or invalid: expected at least one item.');
    assertOutputsHaveCalls(messages);
    return {
      ...asked,
      message: questionIn(added),
      messages,
      request: writeStoredRequest({ settings, messages: added }),
    };
  }

  /** Replaces each reference with the items of the earlier response that it refers to. */
  private async resolveReferences(
    ownerId: string,
    items: readonly InputItem[],
    model: Model,
  ): Promise<Step[]> {
    const references = items.filter((item) => item.kind === 'reference');
    if (references.length === 0) return items as Step[];
    const answers = await this.context.answersOf(ownerId, references, model);
    let bytes = 0;
    return items.flatMap((item): Step[] => {
      if (item.kind !== 'reference') return [item];
      const steps = item.place && answers.get(item.place.turnId);
      // The turn was deleted after its length was read.
      if (!steps) return refuseUnknown(item.id);
      const { prefix, position } = item.place;
      const found = steps
        .filter(({ kind }) => kind === KINDS[prefix])
        .slice(position, position + 1);
      bytes += Buffer.byteLength(JSON.stringify(found));
      if (bytes > CONTEXT_MAX_BYTES) refuseTooLong({ model });
      return found;
    });
  }
}

const KINDS = { rs: 'reasoning', msg: 'message', fc: 'call', ctc: 'call' } as const;

const notFound = (id: string) => new NotFound(`Response with id '${id}' not found.`);

/**
 * Returns the model tokens that the model's context leaves for earlier messages, after the request itself and
 * the longest answer.
 */
function contextTokensLeft(
  model: Model,
  { repeated, extra, maxTokens }: ResponseAsk,
  added: ChatMessage[],
): number {
  const { contextTokens, imageTokens } = model;
  if (repeated.truncation !== 'auto') return contextTokens;
  const answer = Math.min(maxTokens ?? model.maxTokens, model.maxTokens, contextTokens / 2);
  const further = estimateTokens(JSON.stringify(extra) + (repeated.instructions ?? ''));
  return Math.floor(contextTokens - answer - estimatePrompt(added, imageTokens) - further);
}
