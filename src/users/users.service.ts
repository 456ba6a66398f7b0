import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { nowMicros } from '../database/instant.js';
import type { Tx } from '../database/queries.js';
import { Reader } from '../database/reader.js';
import { User } from './user.entity.js';

/** The form under which usernames are unique: NFKC, and no case (`ß` and `SS` are one). */
export function usernameKey(username: string): string {
  return username.normalize('NFKC').toUpperCase().toLowerCase();
}

/** People and their passwords' digests. */
@Injectable()
export class UsersService {
  constructor(private readonly reader: Reader) {}

  /** The user whose name this is, ignoring case; null where there is none. */
  findByUsername(username: string): Promise<User | null> {
    return this.reader.manager.findOneBy(User, { usernameKey: usernameKey(username) });
  }

  /** Adds a user and returns the id. A taken name violates the unique key. */
  async add(
    tx: Tx,
    user: { username: string; email: string; passwordHash: string },
  ): Promise<string> {
    const id = uuidv7();
    await tx.manager.insert(User, {
      id,
      username: user.username.normalize('NFKC'),
      usernameKey: usernameKey(user.username),
      email: user.email,
      passwordHash: user.passwordHash,
      isActive: true,
      isStaff: false,
      createdAt: nowMicros(),
    });
    return id;
  }

  async changePasswordHash(tx: Tx, userId: string, passwordHash: string): Promise<void> {
    await tx.manager.update(User, { id: userId }, { passwordHash });
  }
}
