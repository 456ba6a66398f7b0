import { Injectable } from '@nestjs/common';
import { HistoryService } from '../conversations/history.service.js';
import type { Turn } from '../conversations/turn.entity.js';
import type { Principal } from '../principal.js';
import { HoldsService } from '../wallet/holds.service.js';
import { idempotencyRecord, runOnce } from '../wallet/idempotency-record.js';
import type { Generation } from './generation.js';
import { HeldAnswerService } from './held-answer.service.js';
import { InstantAnswerService } from './instant-answer.service.js';
import { Planner } from './planner.js';
import type { Question } from './question.js';

/** An answer that is paid for and waits to be run; or a turn that is there already. */
export type Begun =
  | { readonly generation: Generation; readonly turn?: undefined }
  | { readonly turn: Turn; readonly isReplay: boolean; readonly generation?: undefined };

/** A paid message: chooses the lane of its answer, and answers the same key once. */
@Injectable()
export class ChatService {
  constructor(
    private readonly planner: Planner,
    private readonly instant: InstantAnswerService,
    private readonly held: HeldAnswerService,
    private readonly holds: HoldsService,
    private readonly history: HistoryService,
  ) {}

  /**
   * Everything up to the provider's call: replays a known key, or sets the most that the answer can cost
   * aside. Throws `InsufficientBalance`, `ValidationFailed`, `NotFound`, `ConversationBusy` or one of the
   * key's refusals, all before the provider is asked.
   */
  begin(principal: Principal, question: Question): Promise<Begun> {
    const { userId } = principal;
    const { route, idempotencyKey, ...input } = question;
    const idempotency = idempotencyRecord(route, idempotencyKey, input);
    return runOnce<Begun>(
      idempotency,
      async (record) => {
        const holdId = await this.holds.findByKey(userId, record);
        if (holdId === undefined) return undefined;
        return { turn: await this.history.ofHold(userId, holdId), isReplay: true };
      },
      async () => {
        const whole = (await question.prepare?.()) ?? question;
        const plan = await this.planner.plan(principal, whole);
        return { generation: await this.held.begin(principal, whole, plan, idempotency) };
      },
    );
  }

  /**
   * The same for a caller who wants no stream: an answer that can be given at once is given. Throws as
   * `begin` does.
   */
  async beginWhole(principal: Principal, question: Question, signal: AbortSignal): Promise<Begun> {
    if (!InstantAnswerService.mayAnswer(question)) return this.begin(principal, question);
    const plan = await this.planner.plan(principal, question);
    const turn = await this.instant.answer(principal, question, plan, signal);
    if (turn) return { turn, isReplay: false };
    return { generation: await this.held.begin(principal, question, plan, undefined) };
  }
}
