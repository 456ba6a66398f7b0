import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { disconnectSignal } from '../http/event-stream.js';
import { onResponseClosed } from '../http/exchange.js';
import { Access, CurrentPrincipal, Spends } from '../http/request.decorators.js';
import { AnswerMemory } from '../models/answer-memory.js';
import type { Principal } from '../principal.js';
import { EmbeddingsBodyPipe, type EmbeddingsAsk } from './embeddings-body.pipe.js';
import { EmbeddingsDocs } from './embeddings.docs.js';
import { listJson } from './embeddings-wire.js';
import { EmbeddingsService } from './embeddings.service.js';

/**
 * Maximum number of commas. Inputs of model tokens have a comma for each token, so the default would be too small.
 */
const TOKENS_MAX = 100_000;

/** OpenAI's embeddings route, paid from the same wallet. */
@Controller('v1/embeddings')
export class EmbeddingsController {
  constructor(private readonly embeddings: EmbeddingsService) {}

  /** Takes no Idempotency-Key, because embeddings are not stored and so could not be replayed. */
  @EmbeddingsDocs.create()
  @Access('chat')
  @Spends(undefined, { jsonCommasMax: TOKENS_MAX })
  @Post()
  @HttpCode(200)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body(EmbeddingsBodyPipe) ask: EmbeddingsAsk,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const memory = new AnswerMemory();
    try {
      const call = { disconnectSignal: disconnectSignal(reply), memory };
      const made = await this.embeddings.create(principal, ask, call);
      const closed = responseClosed(reply);
      // The connection, because a response behind another one on it has no socket yet.
      memory.startSending(() => reply.raw.req.socket.destroy());
      void reply
        .headers({ 'Tokens-Charged': made.charged, 'Tokens-Balance': made.available })
        .type('application/json; charset=utf-8')
        .send(listJson(made, ask.form));
      await closed;
    } finally {
      memory.release();
    }
  }
}

/** Resolves when the response was sent or its client has left. */
function responseClosed({ raw }: FastifyReply): Promise<void> {
  return new Promise((resolve) => {
    if (raw.destroyed) resolve();
    else onResponseClosed(raw, resolve);
  });
}
