import { Injectable } from '@nestjs/common';
import { ConversationsService } from '../conversations/conversations.service.js';
import type { Turn } from '../conversations/turn.entity.js';
import { CHAIN_TURNS_MAX, WholeTurnsService } from '../conversations/whole-turns.service.js';
import { PreviousResponseNotFound } from '../errors.js';
import type { Model } from '../models/model-catalogue.js';
import { estimatePrompt } from '../models/prompt.js';
import type { ChatMessage } from '../models/providers/provider.js';
import { refuse } from './content-parts.js';
import { responseId } from './item-ids.js';
import { messagesOf } from './kept-request.js';
import { stepsOf } from './output-items.js';
import { withoutStrayOutputs } from './tool-outputs.js';
import type { Step } from './transcript.js';

/** Turns that one statement reads, and the text of a context: more would hold up everyone else. */
const BATCH_TURNS = 20;
export const CONTEXT_MAX_CHARS = 4_194_304;

/** How much of what was said before a model is told. */
interface Room {
  readonly model: Model;
  /** In model tokens. */
  readonly tokens: number;
  /** Whether the oldest turns are left out where there is no room for all; they are refused otherwise. */
  readonly mayCut: boolean;
}

/** What was said before, and where it is kept. */
interface Context {
  readonly conversationId: string;
  readonly messages: readonly ChatMessage[];
}

/** What a response goes on with: its previous turn, the one before that, and so on to the first. */
@Injectable()
export class ResponseContextService {
  constructor(
    private readonly turns: WholeTurnsService,
    private readonly conversations: ConversationsService,
  ) {}

  /** Throws `PreviousResponseNotFound` for a turn that is not the owner's, and a 400 for more than there is room for. */
  async before(ownerId: string, previousId: string, room: Room): Promise<Context> {
    const ids = await this.turns.chain(ownerId, previousId);
    const parts: (readonly ChatMessage[])[] = [];
    let conversationId: string | undefined;
    let [tokens, chars] = [0, 0];
    for await (const turn of this.newestFirst(ownerId, ids)) {
      conversationId ??= turn.conversationId;
      const part =
        messagesOf(turn) ?? (await this.ofOtherDoor(ownerId, turn, room.tokens - tokens));
      tokens += estimatePrompt(part, room.model.imageTokens);
      chars += lengthOf(turn);
      const isTooLong = tokens > room.tokens || chars > CONTEXT_MAX_CHARS;
      if (isTooLong && room.mayCut && parts.length > 0) break;
      if (isTooLong) return tooLong(room);
      parts.unshift(part);
    }
    if (conversationId === undefined) throw new PreviousResponseNotFound(responseId(previousId));
    if (parts.length === CHAIN_TURNS_MAX && !room.mayCut) return tooLong(room);
    return { conversationId, messages: withoutStrayOutputs(parts.flat()) };
  }

  /** What the owner's turns of these ids answered, by id. Throws a 400 for more than a context has. */
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
      if (chars > CONTEXT_MAX_CHARS) tooLong({ model });
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
        // Deleted a moment ago: what it went on with is not told either.
        if (!turn) return;
        yield turn;
      }
    }
  }

  /** A turn of another door has the conversation that it stands in for its context. */
  private async ofOtherDoor(ownerId: string, turn: Turn, tokens: number): Promise<ChatMessage[]> {
    const thread = await this.conversations.find(ownerId, turn.conversationId);
    return this.conversations.context(thread, tokens, turn.id);
  }
}

const answerLength = ({ response, reasoning, toolCalls }: Turn): number =>
  [response, reasoning, toolCalls].reduce((sum, text) => sum + (text?.length ?? 0), 0);

const lengthOf = (turn: Turn): number => (turn.request?.length ?? 0) + answerLength(turn);

export const tooLong = ({ model }: Pick<Room, 'model'>): never =>
  refuse('input', `Too long for the model ${model.id}.`);
