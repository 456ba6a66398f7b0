import { Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { NotFound } from '../errors.js';
import { Payload } from '../fields/body.pipe.js';
import { Page, type PageRequest } from '../http/pagination.js';
import { Access, CurrentPrincipal } from '../http/request.decorators.js';
import type { Principal } from '../principal.js';
import { fromIso, toIso, type Micros } from '../time.js';
import { KeyDocs } from './keys.docs.js';
import {
  KeyChangeDto,
  NewKeyDto,
  RotationDto,
  type CreatedKeyDto,
  type KeyDto,
  type KeyPageDto,
} from './keys.dto.js';
import {
  KeysService,
  type KeySettings,
  type KeyState,
  type KeyWithSecret,
} from './keys.service.js';
import { scopesFrom } from './scopes.js';

/** The caller's API keys. A request with an API key can only read that key. */
@Controller('api/keys')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  @KeyDocs.list()
  @Access('session')
  @Get()
  async list(
    @CurrentPrincipal() { userId }: Principal,
    @Page() pageRequest: PageRequest,
  ): Promise<KeyPageDto> {
    const page = await this.keys.page(userId, pageRequest);
    return { ...page, results: page.results.map(toWire) };
  }

  @KeyDocs.create()
  @Access('session')
  @Post()
  @HttpCode(201)
  async create(
    @CurrentPrincipal() { userId }: Principal,
    @Payload() body: NewKeyDto,
  ): Promise<CreatedKeyDto> {
    return toWireWithSecret(await this.keys.create(userId, body.name, settingsOf(body)));
  }

  @KeyDocs.current()
  @Access('any')
  @Get('current')
  async current(@CurrentPrincipal() { userId, credentialId, key }: Principal): Promise<KeyDto> {
    if (!key) throw new NotFound();
    return toWire(await this.keys.find(userId, credentialId));
  }

  @KeyDocs.read()
  @Access('session')
  @Get(':id')
  async read(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<KeyDto> {
    return toWire(await this.keys.find(userId, id));
  }

  @KeyDocs.change()
  @Access('session')
  @Patch(':id')
  async change(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
    @Payload() body: KeyChangeDto,
  ): Promise<KeyDto> {
    return toWire(await this.keys.change(userId, id, { name: body.name, ...settingsOf(body) }));
  }

  @KeyDocs.remove()
  @Access('session')
  @Delete(':id')
  @HttpCode(204)
  async remove(@CurrentPrincipal() { userId }: Principal, @Param('id') id: string): Promise<void> {
    await this.keys.remove(userId, id);
  }

  @KeyDocs.rotate()
  @Access('session')
  @Post(':id/rotate')
  @HttpCode(201)
  async rotate(
    @CurrentPrincipal() { userId }: Principal,
    @Param('id') id: string,
    @Payload() { overlap_seconds: overlapSeconds }: RotationDto,
  ): Promise<CreatedKeyDto> {
    return toWireWithSecret(await this.keys.rotate(userId, id, overlapSeconds ?? 0));
  }
}

type SettingFields = Pick<KeyChangeDto, 'scopes' | 'limit' | 'limit_reset' | 'expires_at'>;

/** The DTO has already validated the time. */
const settingsOf = (given: SettingFields): KeySettings => ({
  scopes: given.scopes ?? undefined,
  limit: given.limit,
  reset: given.limit_reset,
  expiresAt: typeof given.expires_at === 'string' ? fromIso(given.expires_at) : given.expires_at,
});

const momentToWire = (moment: Micros | null) => (moment === null ? null : toIso(moment));

const toWire = (state: KeyState): KeyDto => ({
  id: state.id,
  name: state.name,
  prefix: state.prefix,
  scopes: scopesFrom(state.scopes),
  limit: state.limit,
  limit_reset: state.reset,
  used: state.used,
  remaining: state.limit === null ? null : Math.max(0, state.limit - state.used),
  expires_at: momentToWire(state.expiresAt),
  last_used_at: momentToWire(state.lastUsedAt),
  created_at: toIso(state.createdAt),
});

const toWireWithSecret = ({ state, secret }: KeyWithSecret): CreatedKeyDto =>
  Object.assign(toWire(state), { key: secret });
