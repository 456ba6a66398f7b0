import { Injectable } from '@nestjs/common';
import { ConversationContext } from '../conversations/conversation-context.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { sumOfSizes } from '../conversations/sizes.js';
import {
  CHAIN_TURNS_MAX,
  WholeTurnsService,
  type TurnExchange,
} from '../conversations/whole-turns.service.js';
import { NotFound, PreviousResponseNotFound, TooLongForModel } from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import { estimatePrompt } from '../models/prompt.js';
import type { ChatMessage } from '../models/provider.js';
import { shownText } from '../shown-text.js';
import type { ItemReference } from './input-items.js';
import { responseId } from './item-ids.js';
import { messagesOf } from './stored-request.js';
import { stepsOf } from './output-items.js';
import { withoutUnmatchedOutputs } from './tool-outputs.js';
import type { Step } from './transcript.js';

/**
 * Number of turns that one statement reads, and the maximum length of a context's text. Larger numbers would
 * block other requests. The lengths are read before the texts, so that longer ones are refused unread.
 */
const BATCH_TURNS = 20;
export const CONTEXT_MAX_BYTES = 4_194_304;

/** The limit for the earlier messages that are sent to a model. */
interface ContextBudget {
  readonly model: Model;
  /** In model tokens. */
  readonly tokens: number;
  /** Whether the oldest turns are left out if not all fit. Otherwise the request is refused. */
  readonly mayOmitOldest: boolean;
}

/** The earlier messages, and their conversation. */
interface Context {
  readonly conversationId: string;
  readonly messages: readonly ChatMessage[];
}

/** Reads what a response continues: its previous turn, the one before that, and so on to the first. */
@Injectable()
export class ResponseContextService {
  constructor(
    private readonly turns: WholeTurnsService,
    private readonly conversations: ConversationsService,
    private readonly context: ConversationContext,
  ) {}

  /**
   * Returns the context of a response that continues `previousId`. Throws `PreviousResponseNotFound` for a
   * turn of another user, and a 400 if the context does not fit.
   */
  async contextBefore(
    ownerId: string,
    previousId: string,
    budget: ContextBudget,
  ): Promise<Context> {
    const ids = await this.fittingChain(ownerId, previousId, budget);
    const parts: (readonly ChatMessage[])[] = [];
    let conversationId: string | undefined;
    let tokens = 0;
    for await (const turn of this.newestFirst(ownerId, ids)) {
      conversationId ??= turn.conversationId;
      const part =
        messagesOf(turn) ?? (await this.contextOfOtherRoute(ownerId, turn, budget.tokens - tokens));
      tokens += estimatePrompt(part, budget.model.imageTokens);
      const isTooLong = tokens > budget.tokens;
      if (isTooLong && budget.mayOmitOldest && parts.length > 0) break;
      if (isTooLong) return refuseTooLong(budget);
      parts.unshift(part);
    }
    if (conversationId === undefined) throw new PreviousResponseNotFound(responseId(previousId));
    return { conversationId, messages: withoutUnmatchedOutputs(parts.flat()) };
  }

  /**
   * Returns the answers that the references name, by the id of their turn. Throws `NotFound` if one of them is
   * not the owner's, and a 400 if they are longer than a context may be, both before it reads an answer.
   */
  async answersOf(
    ownerId: string,
    references: readonly ItemReference[],
    model: Model,
  ): Promise<ReadonlyMap<string, Step[]>> {
    const ids = references.map(({ place, id }) => place?.turnId ?? refuseUnknown(id));
    const lengths = await this.turns.answerLengths(ownerId, [...new Set(ids)]);
    const found = lengths.map(({ id }) => id);
    const known = new Set(found);
    const unknown = references.find(({ place }) => !place || !known.has(place.turnId));
    if (unknown) refuseUnknown(unknown.id);
    if (sumOfSizes(lengths) > CONTEXT_MAX_BYTES) refuseTooLong({ model });
    const answers = new Map<string, Step[]>();
    for (const batch of inBatches(found)) {
      const turns = await this.turns.answers(ownerId, batch);
      for (const turn of turns) answers.set(turn.id, stepsOf(turn));
    }
    return answers;
  }

  /** Returns the ids of the turns to read, newest first. Throws a 400 if some do not fit and must not be left out. */
  private async fittingChain(
    ownerId: string,
    previousId: string,
    budget: ContextBudget,
  ): Promise<string[]> {
    const chain = await this.turns.chain(ownerId, previousId);
    let bytesLeft = CONTEXT_MAX_BYTES;
    const fitting = chain.filter(({ bytes }) => (bytesLeft -= bytes) >= 0);
    const isWhole = fitting.length === chain.length && chain.length < CHAIN_TURNS_MAX;
    const mayBeCut = budget.mayOmitOldest && fitting.length > 0;
    if (!isWhole && !mayBeCut) refuseTooLong(budget);
    return fitting.map(({ id }) => id);
  }

  private async *newestFirst(
    ownerId: string,
    ids: readonly string[],
  ): AsyncGenerator<TurnExchange> {
    for (const wanted of inBatches(ids)) {
      const turns = await this.turns.exchanges(ownerId, wanted);
      const found = new Map(turns.map((turn) => [turn.id, turn]));
      for (const id of wanted) {
        const turn = found.get(id);
        // The turn was deleted after the chain was read, so the turns before it are not sent either.
        if (!turn) return;
        yield turn;
      }
    }
  }

  /** Returns the context of a turn of another route: its conversation up to that turn. */
  private async contextOfOtherRoute(
    ownerId: string,
    turn: TurnExchange,
    tokens: number,
  ): Promise<ChatMessage[]> {
    const conversation = await this.conversations.find(ownerId, turn.conversationId);
    return this.context.read(conversation, tokens, turn.id);
  }
}

function* inBatches(ids: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += BATCH_TURNS) {
    yield ids.slice(start, start + BATCH_TURNS);
  }
}

export function refuseUnknown(itemId: string): never {
  throw new NotFound(`Item with id '${shownText(itemId)}' not found.`);
}

export function refuseTooLong({ model }: Pick<ContextBudget, 'model'>): never {
  throw new TooLongForModel(model.id, 'input');
}
