import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/tx.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { digestOf } from '../digest.js';
import { AuthenticationFailed, NotFound, ValidationFailed } from '../errors.js';
import { UUID_KEY, type Keyset } from '../http/pagination.js';
import { SCOPES } from '../principal.js';
import { SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { UsersService } from '../users/users.service.js';
import { CapsService, type CapChange, type CapState } from '../wallet/caps.service.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import { makeKey, prefixOf } from './key-format.js';
import { scopesToText } from './scopes.js';

/** Keys that one person may have. */
const KEYS_MAX = 100;
/** Rotated secrets that may serve a key at once, beside the newest. */
const OVERLAPS_MAX = 10;
const EXPIRES_WITHIN_DAYS_MAX = 36_500;

/** A key, and how its spending cap stands. */
export type KeyState = ApiKey & CapState;

/** What the owner says of a key; what is missing is as usual, or stays as it is. */
export interface KeySettings extends CapChange {
  readonly name?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: Micros | null | undefined;
}

/** A key that was just made or rotated; the secret is told here and never again. */
export interface ShownKey {
  readonly state: KeyState;
  readonly secret: string;
}

/** The API keys of people. Somebody else's is not found, like one that does not exist. */
@Injectable()
export class KeysService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly caps: CapsService,
  ) {}

  /** One page, the newest first. */
  async page(userId: string, { key, comparison, order, limit }: Keyset): Promise<KeyState[]> {
    const query = this.reader.repository(ApiKey).createQueryBuilder('key');
    query.where('key.userId = :userId', { userId });
    if (key !== undefined) query.andWhere(`key.id ${comparison} :id`, { id: key });
    return this.withCaps(await query.orderBy('key.id', order).limit(limit).getMany());
  }

  /** One of the user's keys. Throws `NotFound`. */
  async find(userId: string, id: string): Promise<KeyState> {
    const found = UUID_KEY.test(id)
      ? await this.reader.repository(ApiKey).findOneBy({ id, userId })
      : null;
    const [state] = await this.withCaps(found ? [found] : []);
    if (!state) throw new NotFound();
    return state;
  }

  /** Throws `ValidationFailed` past `KEYS_MAX`, however many are made at once. */
  async create(userId: string, name: string, settings: KeySettings): Promise<ShownKey> {
    const { scopes = SCOPES, limit = null, reset = null, expiresAt = null } = settings;
    assertFuture(expiresAt);
    const secret = makeKey();
    const id = await this.unitOfWork.run(async (tx) => {
      await this.assertRoom(tx, userId);
      // Under the lock that this takes: the order of ids is then that of saving.
      const id = newId();
      tx.insertLater(ApiKey, {
        id,
        userId,
        name,
        prefix: prefixOf(secret),
        scopes: scopesToText(scopes),
        capId: this.caps.open(tx, userId, limit, reset),
        expiresAt,
        lastUsedAt: null,
        createdAt: nowMicros(),
      });
      tx.insertLater(ApiKeySecret, { digest: digestOf(secret), keyId: id, expiresAt: null });
      return id;
    });
    return { state: await this.find(userId, id), secret };
  }

  /** Throws `NotFound`. What is missing stays as it is. */
  async change(userId: string, id: string, settings: KeySettings): Promise<KeyState> {
    const { name, scopes, expiresAt, limit, reset } = settings;
    assertFuture(expiresAt);
    await this.unitOfWork.run(async (tx) => {
      const keys = await tx.write<{ capId: string }>(
        `/* api_key.change */ UPDATE api_keys SET name = coalesce($3, name), scopes = coalesce($4, scopes),
           expires_at = CASE WHEN CAST($5 AS bigint) = 1 THEN CAST($6 AS bigint) ELSE expires_at END
         WHERE id = $1 AND user_id = $2 RETURNING cap_id AS "capId"`,
        [
          id,
          userId,
          name ?? null,
          scopes ? scopesToText(scopes) : null,
          expiresAt === undefined ? 0 : 1,
          expiresAt ?? null,
        ],
      );
      if (!keys[0]) throw new NotFound();
      await this.caps.change(tx, keys[0].capId, { limit, reset });
    });
    return this.find(userId, id);
  }

  /** The key serves no more, on any process, from the next request on. Throws `NotFound`. */
  async remove(userId: string, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const [gone] = await tx.write<{ capId: string }>(
        '/* api_key.remove */ DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING cap_id AS "capId"',
        [id, userId],
      );
      if (!gone) throw new NotFound();
      await this.caps.remove(tx, gone.capId);
    });
  }

  /**
   * Gives the key another secret. The one of before serves `overlapSeconds` more, and with 0 neither that nor
   * any that was rotated earlier. Name, scopes and what was spent stay. Throws `NotFound`, and
   * `ValidationFailed` past `OVERLAPS_MAX`.
   */
  async rotate(userId: string, id: string, overlapSeconds: number): Promise<ShownKey> {
    const secret = makeKey();
    await this.unitOfWork.run(async (tx) => {
      const rotated = await tx.write(
        '/* api_key.rotate */ UPDATE api_keys SET prefix = $3 WHERE id = $1 AND user_id = $2 RETURNING id',
        [id, userId, prefixOf(secret)],
      );
      if (rotated.length === 0) throw new NotFound();
      if (overlapSeconds === 0) await endSecrets(tx, id);
      else await retireSecrets(tx, id, overlapSeconds);
      tx.insertLater(ApiKeySecret, { digest: digestOf(secret), keyId: id, expiresAt: null });
    });
    return { state: await this.find(userId, id), secret };
  }

  private async assertRoom(tx: Tx, userId: string): Promise<void> {
    // Of two who make their last key at once, the second counts that of the first.
    if (!(await this.users.lock(tx, userId))) {
      throw new AuthenticationFailed('User inactive or deleted.');
    }
    const [row] = await tx.read<{ count: number }>(
      '/* api_key.count */ SELECT CAST(count(*) AS bigint) AS count FROM api_keys WHERE user_id = $1',
      [userId],
    );
    if ((row?.count ?? 0) < KEYS_MAX) return;
    throw new ValidationFailed({
      non_field_errors: [`At most ${String(KEYS_MAX)} API keys. Delete one first.`],
    });
  }

  private async withCaps(keys: readonly ApiKey[]): Promise<KeyState[]> {
    if (keys.length === 0) return [];
    const states = await this.caps.states(keys.map(({ capId }) => capId));
    return keys.flatMap((key) => {
      const state = states.get(key.capId);
      // Deleted between the two readings.
      return state ? [Object.assign(key, state)] : [];
    });
  }
}

async function endSecrets(tx: Tx, keyId: string): Promise<void> {
  await tx.write(
    '/* api_key_secret.end */ DELETE FROM api_key_secrets WHERE key_id = $1 RETURNING digest',
    [keyId],
  );
}

async function retireSecrets(tx: Tx, keyId: string, overlapSeconds: number): Promise<void> {
  const now = nowMicros();
  await tx.write(
    '/* api_key_secret.forget */ DELETE FROM api_key_secrets WHERE key_id = $1 AND expires_at <= $2 RETURNING digest',
    [keyId, now],
  );
  await tx.write(
    `/* api_key_secret.retire */ UPDATE api_key_secrets SET expires_at = $2
     WHERE key_id = $1 AND expires_at IS NULL RETURNING digest`,
    [keyId, now + overlapSeconds * SECOND_MICROS],
  );
  const serving = await tx.read(
    '/* api_key_secret.serving */ SELECT digest FROM api_key_secrets WHERE key_id = $1',
    [keyId],
  );
  if (serving.length <= OVERLAPS_MAX) return;
  throw new ValidationFailed({
    overlap_seconds: [
      `At most ${String(OVERLAPS_MAX)} earlier secrets serve at once. Wait, or end them all with 0.`,
    ],
  });
}

/** Throws `ValidationFailed` for an end that is over, or that no row can tell exactly. */
function assertFuture(expiresAt: Micros | null | undefined): void {
  if (expiresAt === null || expiresAt === undefined) return;
  const now = nowMicros();
  if (expiresAt <= now) throw new ValidationFailed({ expires_at: ['Must be in the future.'] });
  if (expiresAt - now > EXPIRES_WITHIN_DAYS_MAX * 86_400 * SECOND_MICROS) {
    throw new ValidationFailed({
      expires_at: [`Must be within ${String(EXPIRES_WITHIN_DAYS_MAX)} days.`],
    });
  }
}
