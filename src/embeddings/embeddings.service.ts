import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import {
  AnswerExpired,
  DatabaseUnavailable,
  ProviderError,
  ProviderFailed,
  ProviderTimedOut,
  ValidationFailed,
} from '../errors.js';
import { ModelCatalogue, type Model } from '../models/model-catalogue.js';
import { ceiling, cost, countUsage, type Ending } from '../models/pricing.js';
import { countInputs } from '../models/prompt.js';
import type { AnswerMemory } from '../models/answer-memory.js';
import { TIMED_OUT, type Embedding, type EmbeddingProvider } from '../models/provider.js';
import { newId } from '../new-id.js';
import type { Principal } from '../principal.js';
import { nowMicros } from '../time.js';
import { releaseAfterFailure } from '../wallet/holds/release-after-failure.js';
import { holdLifetime } from '../wallet/holds/hold-lifetime.js';
import { HoldsService } from '../wallet/holds/holds.service.js';
import { LateSettlements } from '../wallet/holds/late-settlements.js';
import type { SpendReceipt, LedgerNote } from '../wallet/spending.js';
import type { EmbeddingsAsk } from './embeddings-body.pipe.js';

/** Paid embeddings. `vectors` is empty if the caller left. */
export interface PaidEmbeddings extends Pick<SpendReceipt, 'charged' | 'available'> {
  /** The model's id in this service. */
  readonly model: string;
  readonly vectors: readonly Embedding[];
  /** The model tokens that were charged. */
  readonly promptTokens: number;
}

/** The caller's connection, and the memory that the embeddings take. */
interface EmbeddingsCall {
  /** Aborted when the caller has left. */
  readonly disconnectSignal: AbortSignal;
  /** The embeddings count in it. */
  readonly memory: AnswerMemory;
}

/** The result of a provider's call, and how it ended. */
interface EmbeddingResult {
  readonly ending: Ending;
  readonly vectors: readonly Embedding[];
  readonly promptTokens: number | undefined;
}

const emptyResult = (ending: Ending): EmbeddingResult => ({
  ending,
  vectors: [],
  promptTokens: undefined,
});

/**
 * Makes paid embeddings: hold, ask, settle. No transaction is open while the provider is asked. Embeddings are not
 * stored.
 */
@Injectable()
export class EmbeddingsService {
  constructor(
    private readonly models: ModelCatalogue,
    private readonly unitOfWork: UnitOfWork,
    private readonly holds: HoldsService,
    private readonly lateSettlements: LateSettlements,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Makes embeddings and charges their price. Aborting `call.disconnectSignal` ends the provider's call. Throws
   * `ModelNotFound`, `ValidationFailed` or `InsufficientBalance` before the provider is asked, and a
   * `ProviderError` after that. Nothing is charged in any of these cases.
   */
  async create(
    principal: Principal,
    ask: EmbeddingsAsk,
    call: EmbeddingsCall,
  ): Promise<PaidEmbeddings> {
    const model = this.models.findNamed(ask.model, principal);
    const { id, price, provider } = model;
    if (!isEmbedding(provider)) {
      const sentence = `The model ${id} makes no embeddings: it has no provider.`;
      throw new ValidationFailed({ model: [sentence] });
    }
    const prompt = countInputs(ask.inputs);
    const held = ceiling(price, prompt.bound, 0);
    const expiresAt = nowMicros() + holdLifetime(this.config);
    const holdId = await this.hold(principal, held);
    const release = () => releaseAfterFailure(this.unitOfWork, this.holds, holdId);
    const { userId } = principal;
    const result = await this.ask(provider, model, ask, userId, call).catch(
      async (error: unknown) => {
        await release();
        throw error;
      },
    );
    const usage = countUsage(
      { promptTokens: result.promptTokens ?? Number.NaN, completionTokens: 0 },
      { promptTokens: prompt.estimate, completionTokens: 0 },
    );
    const amount = cost(price, result.ending, usage, held);
    const attempt = this.captureOf(principal, { holdId, amount, note: noteOf(principal, id) });
    // If the database is unreachable for a moment, the embeddings are not lost: the charge is tried again.
    const paid = await this.lateSettlements.settle(attempt, expiresAt, release);
    return { ...paid, model: id, vectors: result.vectors, promptTokens: usage.promptTokens };
  }

  /** Makes the hold, and returns its id. */
  private async hold({ userId: ownerId, key }: Principal, amount: number): Promise<string> {
    const holdId = newId();
    const spend = { ownerId, amount, holdId, capId: key?.capId };
    try {
      await this.unitOfWork.runOneAtATime(ownerId, (tx) => this.holds.hold(tx, spend));
      return holdId;
    } catch (error) {
      // If the connection was lost during the commit, its outcome is unknown: the next sweep releases the hold.
      if (error instanceof DatabaseUnavailable) this.holds.releaseLater(holdId);
      throw error;
    }
  }

  private async ask(
    provider: EmbeddingProvider,
    { upstream, provider: { name } }: Model,
    { input, inputs, form, extra }: EmbeddingsAsk,
    ownerId: string,
    { disconnectSignal, memory }: EmbeddingsCall,
  ): Promise<EmbeddingResult> {
    if (disconnectSignal.aborted) return emptyResult('never asked');
    const askedAt = performance.now();
    const timeLimit = new AbortController();
    const timer = setTimeout(() => {
      timeLimit.abort(TIMED_OUT);
    }, this.config.answerTimeoutSeconds * 1000);
    const signal = AbortSignal.any([disconnectSignal, timeLimit.signal]);
    const queue = { isWaiting: false };
    const onQueue = (isWaiting: boolean) => {
      queue.isWaiting = isWaiting;
    };
    const asked = { model: upstream, input, count: inputs.length, form, extra, ownerId, memory };
    try {
      const result = await provider.embed({ ...asked, signal, onQueue });
      return { ending: 'complete', ...result };
    } catch (error) {
      if (signal.reason === TIMED_OUT) {
        const tookMs = Math.round(performance.now() - askedAt);
        const report = { provider: name, model: upstream, reason: 'the time was up', tookMs };
        throw new ProviderTimedOut({ report });
      }
      if (signal.aborted)
        return emptyResult(queue.isWaiting ? 'never asked' : 'gone before output');
      throw error instanceof ProviderError ? error : new ProviderFailed({ cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Returns a function that charges the price. It may be called again after any failure. Throws `AnswerExpired` if
   * the hold was released.
   */
  private captureOf(
    { userId: ownerId }: Principal,
    { holdId, amount, note }: { holdId: string; amount: number; note: LedgerNote },
  ): () => Promise<Pick<SpendReceipt, 'charged' | 'available'>> {
    let captured: SpendReceipt | undefined;
    return async () => {
      const paid = await this.unitOfWork.runOneAtATime(ownerId, async (tx) => {
        const result = await this.holds.capture(tx, holdId, amount, note);
        captured = result ?? captured;
        return result;
      });
      if (paid) return paid;
      // If the connection is lost during the commit, the result is unknown. Only this call captures this hold.
      if (captured && (await this.holds.stateOf(holdId)) === 'captured') return captured;
      throw new AnswerExpired();
    };
  }
}

const isEmbedding = (
  provider: Model['provider'],
): provider is Model['provider'] & EmbeddingProvider => provider.embed !== undefined;

/** Returns the note of the charge in the ledger. */
const noteOf = ({ credentialId, key }: Principal, model: string): LedgerNote => ({
  ...{ reason: `embeddings by ${model}`, model, credentialId },
  keyName: key?.name ?? null,
});
