import { Injectable } from '@nestjs/common';
import { newId } from '../new-id.js';
import { nowMicros } from '../time.js';
import type { Keyset } from '../http/pagination.js';
import { likePattern } from '../database/like.js';
import { NumberedLists } from '../database/numbered-lists.js';
import type { Tx } from '../database/transactions/tx.js';
import { ReadConnection } from '../database/read-connection.js';
import { User } from './user.entity.js';

/** Length of the longest name that is normalised, in UTF-16 units. A registered name is shorter in every spelling. */
const NAME_MAX_CHARS = 1000;

/**
 * Returns the form in which usernames are unique: NFKC, without regard to case (`ß` and `SS` are equal). Uses only
 * the beginning of a text that is too long for a name, because normalising takes quadratic time in the worst case.
 */
export function usernameKey(username: string): string {
  return username.slice(0, NAME_MAX_CHARS).normalize('NFKC').toUpperCase().toLowerCase();
}

/** Users and their password hashes. */
@Injectable()
export class UsersService {
  constructor(
    private readonly reader: ReadConnection,
    private readonly lists: NumberedLists,
  ) {}

  /** Returns the user with this name, ignoring case; null if there is none. */
  async findByUsername(username: string): Promise<User | null> {
    if (username.length > NAME_MAX_CHARS) return null;
    return this.reader.repository(User).findOneBy({ usernameKey: usernameKey(username) });
  }

  /** Adds a user and returns the id. A taken name violates the unique key. */
  async add(
    tx: Tx,
    user: { username: string; email: string; passwordHash: string },
  ): Promise<string> {
    const ordinal = await this.lists.nextOrdinal(tx, 'users');
    const id = newId();
    tx.insertLater(User, {
      id,
      username: user.username.normalize('NFKC'),
      usernameKey: usernameKey(user.username),
      email: user.email,
      passwordHash: user.passwordHash,
      isActive: true,
      isStaff: false,
      createdAt: nowMicros(),
      ordinal,
    });
    return id;
  }

  /** Puts a user who was added in several transactions at the end of the list, once the user is complete. */
  async placeLast(tx: Tx, userId: string): Promise<void> {
    const ordinal = await this.lists.nextOrdinal(tx, 'users');
    await (await tx.repository(User)).update({ id: userId }, { ordinal });
  }

  /** Returns the number of users. */
  count(): Promise<number> {
    return this.reader.repository(User).count();
  }

  findById(id: string): Promise<User | null> {
    return this.reader.repository(User).findOneBy({ id });
  }

  /**
   * Returns the active users with one of these addresses, at most `limit`. The oldest are first, so that users who
   * register later with the address of another do not take the other's place.
   */
  findByEmail(emails: readonly string[], limit: number): Promise<User[]> {
    const query = this.reader.repository(User).createQueryBuilder('user');
    // The second condition lets the database use the partial index.
    query.where(`user.email IN (:...emails) AND user.email <> ''`, { emails });
    return query.andWhere('user.isActive').orderBy('user.id').limit(limit).getMany();
  }

  /** Returns one page of users, in the order of saving, whose names contain `search`, ignoring case. */
  async page(search: string, { key, comparison, order, limit }: Keyset): Promise<User[]> {
    if (search.length > NAME_MAX_CHARS) return [];
    const query = this.reader.repository(User).createQueryBuilder('user');
    const place = await this.lists.positionOf('users', key, comparison);
    if (place) query.andWhere(`(user.ordinal, user.id) ${comparison} (:ordinal, :id)`, place);
    if (search !== '') {
      const pattern = likePattern(usernameKey(search));
      query.andWhere(`user.usernameKey LIKE :pattern ESCAPE '\\'`, { pattern });
    }
    query.orderBy('user.ordinal', order).addOrderBy('user.id', order);
    return query.limit(limit).getMany();
  }

  /** Activates or deactivates a user, from the next request on. Returns false if nothing changed. */
  async setActive(tx: Tx, userId: string, isActive: boolean): Promise<boolean> {
    const changed = await tx.write(
      '/* user.set_active */ UPDATE users SET is_active = $2 WHERE id = $1 AND is_active <> $2 RETURNING id',
      [userId, isActive],
    );
    return changed.length > 0;
  }

  /** Makes a user an operator, or removes that role. Returns false if nothing changed. */
  async setStaff(tx: Tx, userId: string, isStaff: boolean): Promise<boolean> {
    const changed = await tx.write(
      '/* user.set_staff */ UPDATE users SET is_staff = $2 WHERE id = $1 AND is_staff <> $2 RETURNING id',
      [userId, isStaff],
    );
    return changed.length > 0;
  }

  async setEmail(tx: Tx, userId: string, email: string): Promise<void> {
    await (await tx.repository(User)).update({ id: userId }, { email });
  }

  /** Sets another password hash. Returns false, and changes nothing, if the user is deleted or inactive. */
  async setPasswordHash(tx: Tx, userId: string, passwordHash: string): Promise<boolean> {
    const rows = await tx.write(
      '/* user.set_password_hash */ UPDATE users SET password_hash = $2 WHERE id = $1 AND is_active RETURNING id',
      [userId, passwordHash],
    );
    return rows.length > 0;
  }

  /**
   * Locks the user's row until the commit. Returns the user with the current address; undefined if the user is deleted
   * or inactive.
   */
  async lock(tx: Tx, userId: string): Promise<Pick<User, 'email'> | undefined> {
    const [user] = await tx.write<Pick<User, 'email'>>(
      '/* user.lock */ UPDATE users SET is_active = is_active WHERE id = $1 AND is_active RETURNING email',
      [userId],
    );
    return user;
  }

  /** Deletes the user and every row that refers to the user. */
  async remove(tx: Tx, userId: string): Promise<void> {
    await (await tx.repository(User)).delete({ id: userId });
  }

  /**
   * Locks all active operators until the commit and returns their ids. If two operators demote each other at
   * the same time, the second sees that it is no longer an operator.
   */
  async lockStaff(tx: Tx): Promise<string[]> {
    const rows = await tx.write<{ id: string }>(
      '/* user.lock_staff */ UPDATE users SET is_staff = is_staff WHERE is_staff AND is_active RETURNING id',
      [],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Replaces the hash `current` with `renewed`. Returns false, and changes nothing, if the password was
   * changed meanwhile, or the user is deleted or inactive. Locks the user until the commit.
   */
  async renewPasswordHash(
    tx: Tx,
    userId: string,
    current: string,
    renewed: string,
  ): Promise<boolean> {
    const rows = await tx.write(
      `/* user.renew_password_hash */ UPDATE users SET password_hash = $3
       WHERE id = $1 AND password_hash = $2 AND is_active RETURNING id`,
      [userId, current, renewed],
    );
    return rows.length > 0;
  }
}
