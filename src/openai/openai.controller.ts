import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { Access, CurrentPrincipal, Spends } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { AnswerWriter } from '../chat/answer-writer.js';
import { withCheck, type Question } from '../chat/question.js';
import { ModelCatalogue } from '../models/model-catalogue.js';
import type { ModelDto, ModelListDto } from './completion-answers.dto.js';
import { CompletionBodyPipe, type CompletionAsk } from './completion-body.pipe.js';
import { completionFormat } from './completion-format.js';
import { questionIn, toModel } from './completion-wire.js';
import { OpenAiDocs } from './openai.docs.js';

/** The routes for OpenAI's clients. They use the same wallet, history and models as the other routes. */
@Controller('v1')
export class OpenAiController {
  constructor(
    private readonly models: ModelCatalogue,
    private readonly answers: AnswerWriter,
  ) {}

  @OpenAiDocs.complete()
  @Access('chat')
  @Spends('completions')
  @Post('chat/completions')
  @HttpCode(200)
  async complete(
    @CurrentPrincipal() principal: Principal,
    @Body(CompletionBodyPipe) ask: CompletionAsk,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { messages, maxTokens, extra } = ask;
    const asked: Question = {
      route: 'completions',
      message: questionIn(messages),
      model: ask.model,
      messages,
      maxTokens,
      extra,
      idempotencyKey,
    };
    const question = withCheck(asked, () => this.models.findNamed(ask.model, principal));
    const format = completionFormat(ask.includesUsage);
    await this.answers.answer({ request, reply, principal }, question, format, ask.isStream);
  }

  @OpenAiDocs.models()
  @Access('chat')
  @Get('models')
  list(@CurrentPrincipal() principal: Principal): ModelListDto {
    return { object: 'list', data: this.models.list(principal).map(toModel) };
  }

  @OpenAiDocs.model()
  @Access('chat')
  @Get('models/:id')
  one(@CurrentPrincipal() principal: Principal, @Param('id') id: string): ModelDto {
    return toModel(this.models.findNamed(id, principal));
  }
}
