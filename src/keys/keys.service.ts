import { Injectable } from '@nestjs/common';
import { IsNull, LessThanOrEqual } from 'typeorm';
import { newId } from '../new-id.js';
import { ReadConnection } from '../database/read-connection.js';
import type { Tx } from '../database/transactions/tx.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { digestOf } from '../digest.js';
import { AuthenticationFailed, NotFound, ValidationFailed } from '../errors.js';
import { UUID } from '../http/ids.js';
import { paginate, type Keyset, type PageRequest, type Paginated } from '../http/pagination.js';
import { SCOPES } from '../principal.js';
import { DAY_MICROS, SECOND_MICROS, nowMicros, type Micros } from '../time.js';
import { UsersService } from '../users/users.service.js';
import { CapsService, type CapChange, type CapState } from '../wallet/caps.service.js';
import { ApiKeySecret } from './api-key-secret.entity.js';
import { ApiKey } from './api-key.entity.js';
import { makeKey, prefixOf } from './key-format.js';
import { scopesToText } from './scopes.js';

/** Maximum number of keys of one user. */
const KEYS_MAX = 100;
/** Maximum number of rotated secrets of one key that are valid at once, beside the newest. */
const OVERLAPS_MAX = 10;
const EXPIRES_WITHIN_DAYS_MAX = 36_500;

/** A key, and the state of its spending cap. */
export type KeyState = ApiKey & CapState;

/** The settings of a key. A missing field gets its default in a new key, and is not changed in an existing one. */
export interface KeySettings extends CapChange {
  readonly name?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly expiresAt?: Micros | null | undefined;
}

/** A key that was just made or rotated. Only this result contains the secret. */
export interface KeyWithSecret {
  readonly state: KeyState;
  readonly secret: string;
}

/** The API keys of users. A key of another user is not found, like a key that does not exist. */
@Injectable()
export class KeysService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly unitOfWork: UnitOfWork,
    private readonly users: UsersService,
    private readonly caps: CapsService,
  ) {}

  /** Returns one page, newest first. */
  async page(userId: string, asked: PageRequest): Promise<Paginated<KeyState>> {
    const read = ({ key, comparison, order, limit }: Keyset) => {
      const query = this.reader.repository(ApiKey).createQueryBuilder('key');
      query.where('key.userId = :userId', { userId });
      if (key !== undefined) query.andWhere(`key.id ${comparison} :id`, { id: key });
      return query.orderBy('key.id', order).limit(limit).getMany();
    };
    const page = await paginate(asked, read, UUID, ({ id }) => id);
    // The caps come last. A key that was deleted meanwhile has none, and would look like the end of the list.
    return { ...page, results: await this.withCaps(page.results) };
  }

  /** Returns one of the user's keys. Throws `NotFound`. */
  async find(userId: string, id: string): Promise<KeyState> {
    const found = UUID.test(id)
      ? await this.reader.repository(ApiKey).findOneBy({ id, userId })
      : null;
    const [state] = await this.withCaps(found ? [found] : []);
    if (!state) throw new NotFound();
    return state;
  }

  /**
   * Makes a key. Throws `ValidationFailed` if the user has `KEYS_MAX` keys, also if several are made at once,
   * and if the expiry is not valid.
   */
  async create(userId: string, name: string, settings: KeySettings): Promise<KeyWithSecret> {
    const { scopes = SCOPES, limit = null, reset = null, expiresAt = null } = settings;
    assertExpiry(expiresAt);
    const secret = makeKey();
    const id = await this.unitOfWork.run(async (tx) => {
      await this.assertCanAddKey(tx, userId);
      // Made under the lock that `assertCanAddKey` takes, so ids are in the order of saving.
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

  /**
   * Changes a key. A field that is missing is not changed. Throws `NotFound`, and `ValidationFailed` if the
   * expiry is not valid.
   */
  async change(userId: string, id: string, settings: KeySettings): Promise<KeyState> {
    const { name, scopes, expiresAt, limit, reset } = settings;
    assertExpiry(expiresAt);
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

  /** Deletes a key. It is refused on every process from the next request on. Throws `NotFound`. */
  async remove(userId: string, id: string): Promise<void> {
    await this.unitOfWork.run(async (tx) => {
      const [removed] = await tx.write<{ capId: string }>(
        '/* api_key.remove */ DELETE FROM api_keys WHERE id = $1 AND user_id = $2 RETURNING cap_id AS "capId"',
        [id, userId],
      );
      if (!removed) throw new NotFound();
      await this.caps.remove(tx, removed.capId);
    });
  }

  /**
   * Gives the key a new secret. The previous one stays valid for `overlapSeconds`; with 0, all earlier
   * secrets end at once. Name, scopes and the amount spent stay. Throws `NotFound`, and `ValidationFailed` if
   * more than `OVERLAPS_MAX` earlier secrets would be valid.
   */
  async rotate(userId: string, id: string, overlapSeconds: number): Promise<KeyWithSecret> {
    const secret = makeKey();
    await this.unitOfWork.run(async (tx) => {
      const rotated = await tx.write(
        '/* api_key.rotate */ UPDATE api_keys SET prefix = $3 WHERE id = $1 AND user_id = $2 RETURNING id',
        [id, userId, prefixOf(secret)],
      );
      if (rotated.length === 0) throw new NotFound();
      if (overlapSeconds === 0) await (await tx.repository(ApiKeySecret)).delete({ keyId: id });
      else await expireSecretsAfter(tx, id, overlapSeconds);
      tx.insertLater(ApiKeySecret, { digest: digestOf(secret), keyId: id, expiresAt: null });
    });
    return { state: await this.find(userId, id), secret };
  }

  private async assertCanAddKey(tx: Tx, userId: string): Promise<void> {
    // The lock makes requests wait, so if two make a last key at once, the second counts the first one's key.
    if (!(await this.users.lock(tx, userId))) {
      throw new AuthenticationFailed('User inactive or deleted.');
    }
    if ((await (await tx.repository(ApiKey)).countBy({ userId })) < KEYS_MAX) return;
    throw new ValidationFailed({
      non_field_errors: [`At most ${String(KEYS_MAX)} API keys. Delete one first.`],
    });
  }

  private async withCaps(keys: readonly ApiKey[]): Promise<KeyState[]> {
    if (keys.length === 0) return [];
    const states = await this.caps.states(keys.map(({ capId }) => capId));
    return keys.flatMap((key) => {
      const state = states.get(key.capId);
      // Undefined if the key was deleted between the two reads.
      return state ? [Object.assign(key, state)] : [];
    });
  }
}

async function expireSecretsAfter(tx: Tx, keyId: string, overlapSeconds: number): Promise<void> {
  const now = nowMicros();
  const secrets = await tx.repository(ApiKeySecret);
  await secrets.delete({ keyId, expiresAt: LessThanOrEqual(now) });
  const expiresAt = now + overlapSeconds * SECOND_MICROS;
  await secrets.update({ keyId, expiresAt: IsNull() }, { expiresAt });
  if ((await secrets.countBy({ keyId })) <= OVERLAPS_MAX) return;
  throw new ValidationFailed({
    overlap_seconds: [
      `At most ${String(OVERLAPS_MAX)} earlier secrets serve at once. Wait, or end them all with 0.`,
    ],
  });
}

/**
 * Throws `ValidationFailed` if the time is in the past, or more than `EXPIRES_WITHIN_DAYS_MAX` days in the future.
 */
function assertExpiry(expiresAt: Micros | null | undefined): void {
  if (expiresAt === null || expiresAt === undefined) return;
  const now = nowMicros();
  if (expiresAt <= now) throw new ValidationFailed({ expires_at: ['Must be in the future.'] });
  if (expiresAt - now > EXPIRES_WITHIN_DAYS_MAX * DAY_MICROS) {
    throw new ValidationFailed({
      expires_at: [`Must be within ${String(EXPIRES_WITHIN_DAYS_MAX)} days.`],
    });
  }
}
