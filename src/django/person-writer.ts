import { Injectable } from '@nestjs/common';
import { AccessToken } from '../auth/access-token.entity.js';
import { normalizeEmail } from '../auth/email.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { CONVERSATION_SIZE, TURN_SIZE } from '../conversations/sizes.js';
import { Turn } from '../conversations/turn.entity.js';
import { foldedBeside } from '../database/folded-text.js';
import { toStorableText } from '../database/storable-text.js';
import type { Tx } from '../database/transactions/tx.js';
import { digestOf } from '../digest.js';
import { nowMicros, type Micros } from '../time.js';
import { User } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';
import { NOTHING_STORED, type Stored } from '../wallet/stored.js';
import { WalletService } from '../wallet/wallet.service.js';
import { importedId } from './imported-ids.js';
import type { Person } from './people.js';
import { momentOf, type DjangoMessage, type DjangoToken } from './source.js';

const LEDGER_REASON = 'Imported from Django';
const CONVERSATION_TITLE = 'Imported from Django';
/** The Django service does not record which model answered. */
const MODEL = 'imported';

/** Writes an imported user. An earlier, interrupted run may already have done each step. */
@Injectable()
export class PersonWriter {
  constructor(
    private readonly users: UsersService,
    private readonly wallets: WalletService,
    private readonly conversations: ConversationsService,
  ) {}

  /** Writes the account as inactive, so the user cannot log in until the import is complete. */
  async begin(tx: Tx, person: Person): Promise<void> {
    const { id, username, usernameKey, email, passwordHash, isStaff, joined } = person;
    const [existing] = await tx.read('/* django.user */ SELECT id FROM users WHERE id = $1', [id]);
    if (existing) return;
    tx.insertLater(User, {
      id,
      username,
      usernameKey,
      email: normalizeEmail(email),
      passwordHash,
      isActive: false,
      isStaff,
      createdAt: joined,
      ordinal: 0,
    });
  }

  /**
   * Writes messages and answers into one conversation. They were paid in the Django service, so they cost
   * nothing here.
   */
  async addHistory(tx: Tx, person: Person, messages: readonly DjangoMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const conversationId = importedId('conversation', person.djangoId, person.joined);
    await this.openConversation(tx, conversationId, person.id);
    const turns = messages.map((one) => toTurn(one, person, conversationId));
    const existing = await tx.read<{ id: string }>(
      '/* django.turns */ SELECT id FROM turns WHERE id = ANY($1)',
      [turns.map(({ id }) => id)],
    );
    const known = new Set(existing.map(({ id }) => id));
    let ordinal = await lastOrdinal(tx, person.id);
    for (const turn of turns) {
      if (!known.has(turn.id)) tx.insertLater(Turn, { ...turn, ordinal: (ordinal += 1) });
    }
  }

  /** Writes the tokens and the wallet with the balance, and activates the account if it was active. */
  async complete(tx: Tx, person: Person, tokens: readonly DjangoToken[]): Promise<void> {
    for (const { key, created } of tokens) {
      const createdAt = momentOf(created) ?? person.joined;
      tx.insertLater(AccessToken, {
        id: importedId('token', digestOf(key), createdAt),
        digest: digestOf(key),
        userId: person.id,
        createdAt,
        // Django's tokens do not expire. Here the time without use starts now.
        lastUsedAt: nowMicros(),
      });
    }
    const saved = {
      ...(await storedBy(tx, person.id)),
      lastOrdinal: await lastOrdinal(tx, person.id),
    };
    this.wallets.open(tx, person.id, person.balance, LEDGER_REASON, saved);
    await this.users.setActive(tx, person.id, person.isActive);
    await this.users.placeLast(tx, person.id);
  }

  private async openConversation(tx: Tx, id: string, ownerId: string): Promise<void> {
    const sql = '/* django.conversation */ SELECT id FROM conversations WHERE id = $1';
    const [existing] = await tx.read(sql, [id]);
    if (existing) return;
    const settings = { title: CONVERSATION_TITLE, model: null, system: null };
    this.conversations.open(tx, { id, ownerId, ordinal: 1, busyHoldId: null, ...settings });
  }
}

/**
 * Returns the last ordinal of the owner's turns. Turns are numbered in the order of the import, and the
 * wallet, created last, continues from there.
 */
async function lastOrdinal(tx: Tx, ownerId: string): Promise<number> {
  const [row] = await tx.read<{ last: number }>(
    '/* django.ordinal */ SELECT coalesce(max(ordinal), 0) AS last FROM turns WHERE owner_id = $1',
    [ownerId],
  );
  return row?.last ?? 0;
}

/** Returns the size of what was imported, which counts like turns that were made here. */
async function storedBy(tx: Tx, ownerId: string): Promise<Stored> {
  const [stored = NOTHING_STORED] = await tx.read<Stored>(
    `/* django.stored */ SELECT conversations.count AS conversations, conversations.bytes + turns.bytes AS bytes
     FROM (SELECT count(*) AS count, coalesce(sum(${CONVERSATION_SIZE}), 0) AS bytes
       FROM conversations WHERE owner_id = $1) AS conversations,
     (SELECT coalesce(sum(${TURN_SIZE}), 0) AS bytes FROM turns WHERE owner_id = $1) AS turns`,
    [ownerId],
  );
  return stored;
}

function toTurn(row: DjangoMessage, person: Person, conversationId: string): Omit<Turn, 'ordinal'> {
  const createdAt: Micros = momentOf(row.moment) ?? person.joined;
  const message = toStorableText(row.message ?? '');
  const response = toStorableText(row.response ?? '');
  return {
    id: importedId('message', row.id, createdAt),
    ownerId: person.id,
    conversationId,
    holdId: null,
    message,
    response,
    folded: foldedBeside(message, response),
    reasoning: null,
    thoughtParts: null,
    model: MODEL,
    status: 'complete',
    finishReason: 'stop',
    toolCalls: null,
    previousId: null,
    request: null,
    promptTokens: 0,
    completionTokens: 0,
    cachedTokens: 0,
    reasoningTokens: 0,
    amount: 0,
    availableAfter: person.balance,
    credentialId: person.id,
    keyName: null,
    createdAt,
  };
}
