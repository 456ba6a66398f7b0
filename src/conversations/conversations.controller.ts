import { Readable } from 'node:stream';
import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { throwOwnerGone } from './owner-gone.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { notAChoice } from '../shown-text.js';
import { ValidationFailed, NotFound } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { disconnectSignal } from '../http/event-stream.js';
import { UUID } from '../http/ids.js';
import { Page, paginate, type PageRequest } from '../http/pagination.js';
import { QueryText } from '../http/query.js';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import {
  ConversationSettingsDto,
  type ConversationDto,
  type ConversationPageDto,
} from './conversation.dto.js';
import { ConversationDocs } from './conversations.docs.js';
import { ConversationPages, ORDERING_DEFAULT } from './conversation-pages.js';
import { ConversationsService } from './conversations.service.js';
import { exportJson, exportMarkdown, conversationToWire } from './export.js';
import { HistoryService } from './history.service.js';
import { ModelCatalogue } from '../models/model-catalogue.js';
import { bytesOfTurn, turnToWire } from './turn-wire.js';
import type { TurnPageDto } from './turn.dto.js';

/** The formats of an export, with their media types. */
const EXPORTS = {
  json: { write: exportJson, type: 'application/json', extension: 'json' },
  markdown: { write: exportMarkdown, type: 'text/markdown; charset=utf-8', extension: 'md' },
};

/** The routes of conversations: opening, reading, changing, exporting and deleting them. */
@Controller('api/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly pages: ConversationPages,
    private readonly history: HistoryService,
    private readonly models: ModelCatalogue,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @ConversationDocs.list()
  @Access('history')
  @Get()
  async list(
    @CurrentPrincipal() { userId }: Principal,
    @Page() asked: PageRequest,
    @QueryText('ordering') ordering: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConversationPageDto> {
    const signal = disconnectSignal(reply);
    const page = await this.pages.list(userId, asked, ordering ?? ORDERING_DEFAULT, signal);
    return { ...page, results: page.results.map(conversationToWire) };
  }

  @ConversationDocs.create()
  @Access('chat')
  @Post()
  async create(
    @CurrentPrincipal() principal: Principal,
    @Payload() { title = '', model = null, system = null }: ConversationSettingsDto,
  ): Promise<ConversationDto> {
    this.assertUsable(model, principal);
    const settings = { title, model, system };
    const opened = await this.unitOfWork
      .run((tx) => this.conversations.create(tx, principal.userId, settings))
      .catch(throwOwnerGone);
    return conversationToWire(opened);
  }

  @ConversationDocs.read()
  @Access('history')
  @Get(':id')
  async read(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
  ): Promise<ConversationDto> {
    return conversationToWire(await this.conversations.find(userId, id));
  }

  @ConversationDocs.change()
  @Access('history')
  @Patch(':id')
  async change(
    @CurrentPrincipal() principal: Principal,
    @Param('id') id: string,
    @Payload() { title, model, system }: ConversationSettingsDto,
  ): Promise<ConversationDto> {
    this.assertUsable(model, principal);
    const { userId } = principal;
    const settings = {
      ...(title !== undefined && { title }),
      ...(model !== undefined && { model }),
      ...(system !== undefined && { system }),
    };
    return conversationToWire(
      await this.unitOfWork.run((tx) => this.conversations.change(tx, userId, id, settings)),
    );
  }

  @ConversationDocs.remove()
  @Access('history')
  @Delete(':id')
  @HttpCode(204)
  async remove(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<void> {
    const removePart = () => this.unitOfWork.run((tx) => this.conversations.remove(tx, userId, id));
    let isGone = await removePart();
    // If this is interrupted, the conversation still exists, and the next request deletes the rest.
    while (!isGone) isGone = await removePart().catch(goneMeanwhile);
  }

  @ConversationDocs.turns()
  @Access('history')
  @Get(':id/messages')
  async turns(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
    @Page() asked: PageRequest,
  ): Promise<TurnPageDto> {
    const { id: found } = await this.conversations.find(userId, id);
    const page = await paginate(
      asked,
      (keyset) => this.history.pageOf(userId, found, keyset),
      UUID,
      (turn) => turn.id,
      bytesOfTurn,
    );
    return { ...page, results: page.results.map(turnToWire) };
  }

  @ConversationDocs.export()
  @Access('history', { anyAccept: true })
  @Get(':id/export')
  async export(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
    @QueryText('type') type: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const format = formatOf(type ?? 'json');
    const conversation = await this.conversations.find(userId, id);
    const file = `conversation-${conversation.id}.${format.extension}`;
    void reply.header('Content-Disposition', `attachment; filename="${file}"`).type(format.type);
    void reply.send(
      Readable.from(format.write(conversation, this.history.readAll(conversation.id))),
    );
  }

  /**
   * Throws if the caller may not use the model. Without a model the default applies, whichever it is at that
   * time.
   */
  private assertUsable(model: string | null | undefined, principal: Principal): void {
    if (model != null) this.models.find(model, principal);
  }
}

/** Returns the format with a name. Throws `ValidationFailed` for an unknown one. */
function formatOf(name: string): (typeof EXPORTS)[keyof typeof EXPORTS] {
  if (Object.hasOwn(EXPORTS, name)) return EXPORTS[name as keyof typeof EXPORTS];
  throw new ValidationFailed({ type: [notAChoice(name)] });
}

/** Another request may have deleted the rest. Throws every error but `NotFound`. */
function goneMeanwhile(error: unknown): true {
  if (error instanceof NotFound) return true;
  throw error;
}
