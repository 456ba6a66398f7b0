import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnswerWriter } from '../chat/answer-writer.js';
import { TooLongForModel, ValidationFailed } from '../errors.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { QueryText } from '../http/query.js';
import { Access, CurrentPrincipal, Spends } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { refuse } from './content-parts.js';
import { settingsOf } from './stored-request.js';
import type { ResponseDeletedDto, ResponseDto } from './response-answers.dto.js';
import { ResponseBodyPipe, type ResponseAsk } from './response-body.pipe.js';
import { responseFormat } from './response-format.js';
import { turnToResponse } from './response-wire.js';
import { ResponseDocs } from './responses.docs.js';
import { ResponsesService } from './responses.service.js';

/** OpenAI's Responses API. It uses the same wallet, history and models as every other route. */
@Controller('v1/responses')
export class ResponsesController {
  constructor(
    private readonly responses: ResponsesService,
    private readonly answers: AnswerWriter,
  ) {}

  @ResponseDocs.create()
  @Access('chat')
  @Spends('responses')
  @Post()
  @HttpCode(200)
  async create(
    @CurrentPrincipal() principal: Principal,
    @Body(ResponseBodyPipe) ask: ResponseAsk,
    @IdempotencyKey() idempotencyKey: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const question = this.responses.questionOf(principal, ask, idempotencyKey);
    const format = responseFormat(ask.repeated);
    await this.answers
      .answer({ request, reply, principal }, question, format, ask.isStream)
      .catch(throwAboutInput);
  }

  @ResponseDocs.read()
  @Access('history')
  @Get(':id')
  async read(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
    @QueryText('stream') stream: string | undefined,
  ): Promise<ResponseDto> {
    // A client that expects events would read JSON as a stream without events, and report nothing.
    if (stream === 'true') refuse('stream', 'A response is read whole: leave it out.');
    const turn = await this.responses.find(userId, id);
    return turnToResponse(turn, settingsOf(turn));
  }

  @ResponseDocs.remove()
  @Access('history')
  @Delete(':id')
  async remove(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
  ): Promise<ResponseDeletedDto> {
    await this.responses.remove(userId, id);
    return { id, object: 'response', deleted: true };
  }
}

/** Renames the field of an error: the `message` of other routes is the `input` here. */
function throwAboutInput(error: unknown): never {
  if (error instanceof TooLongForModel) throw new TooLongForModel(error.modelId, 'input');
  if (error instanceof ValidationFailed && error.fields['message']) {
    throw new ValidationFailed({ input: error.fields['message'] });
  }
  throw error;
}
