import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../conversations/conversations.service.js';
import type { Turn } from '../conversations/turn.entity.js';
import { CHAIN_TURNS_MAX, WholeTurnsService } from '../conversations/whole-turns.service.js';
import { PreviousResponseNotFound, TooLongForModel } from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import { estimatePrompt } from '../models/prompt.js';
import type { ChatMessage } from '../models/providers/provider.js';
import { responseId } from './item-ids.js';
import { messagesOf } from './stored-request.js';
import { stepsOf } from './output-items.js';
import { withoutUnmatchedOutputs } from './tool-outputs.js';
import type { Step } from './transcript.js';

/**
 * Number of turns that one statement reads, and the maximum length of a context's text. Larger numbers would
 * block other requests.
 */
const BATCH_TURNS = 20;
export const CONTEXT_MAX_CHARS = 4_194_304;

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
    const ids = await this.turns.chain(ownerId, previousId);
    const parts: (readonly ChatMessage[])[] = [];
    let conversationId: string | undefined;
    let [tokens, chars] = [0, 0];
    for await (const turn of this.newestFirst(ownerId, ids)) {
      conversationId ??= turn.conversationId;
      const part =
        messagesOf(turn) ?? (await this.contextOfOtherRoute(ownerId, turn, budget.tokens - tokens));
      tokens += estimatePrompt(part, budget.model.imageTokens);
      chars += lengthOf(turn);
      const isTooLong = tokens > budget.tokens || chars > CONTEXT_MAX_CHARS;
      if (isTooLong && budget.mayOmitOldest && parts.length > 0) break;
      if (isTooLong) return refuseTooLong(budget);
      parts.unshift(part);
    }
    if (conversationId === undefined) throw new PreviousResponseNotFound(responseId(previousId));
    if (parts.length === CHAIN_TURNS_MAX && !budget.mayOmitOldest) return refuseTooLong(budget);
    return { conversationId, messages: withoutUnmatchedOutputs(parts.flat()) };
  }

  /**
   * Returns the answers of the owner's turns with these ids, by id. Throws a 400 if they are longer than a
   * context may be.
   */
  async answersOf(
    ownerId: string,
    ids: readonly string[],
    model: Model,
  ): Promise<ReadonlyMap<string, Step[]>> {
    const wanted = [...new Set(ids)];
    const answers = new Map<string, Step[]>();
    let chars = 0;
    for (let start = 0; start < wanted.length; start += BATCH_TURNS) {
      const found = await this.turns.find(ownerId, wanted.slice(start, start + BATCH_TURNS));
      for (const turn of found) {
        chars += answerLength(turn);
        answers.set(turn.id, stepsOf(turn));
      }
      if (chars > CONTEXT_MAX_CHARS) refuseTooLong({ model });
    }
    return answers;
  }

  private async *newestFirst(ownerId: string, ids: readonly string[]): AsyncGenerator<Turn> {
    for (let start = 0; start < ids.length; start += BATCH_TURNS) {
      const wanted = ids.slice(start, start + BATCH_TURNS);
      const found = new Map(
        (await this.turns.find(ownerId, wanted)).map((turn) => [turn.id, turn]),
      );
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
    turn: Turn,
    tokens: number,
  ): Promise<ChatMessage[]> {
    const conversation = await this.conversations.find(ownerId, turn.conversationId);
    return this.conversations.context(conversation, tokens, turn.id);
  }
}

const answerLength = ({ response, reasoning, thoughtParts, toolCalls }: Turn): number =>
  [response, reasoning, thoughtParts, toolCalls].reduce(
    (sum, text) => sum + (text?.length ?? 0),
    0,
  );

const lengthOf = (turn: Turn): number => (turn.request?.length ?? 0) + answerLength(turn);

export function refuseTooLong({ model }: Pick<ContextBudget, 'model'>): never {
  throw new TooLongForModel(model.id, 'input');
}
