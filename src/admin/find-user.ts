import { NotFound } from '../errors.js';
import { UUID_PATTERN } from '../new-id.js';
import type { User } from '../users/user.entity.js';
import type { UsersService } from '../users/users.service.js';

/** Usernames cannot contain a colon, so this form is never a username. */
const BY_ID = new RegExp(`^id:(${UUID_PATTERN})$`, 'i');

/**
 * Returns a user by name, or by `id:` and the id, because old users may have names that no path or command
 * line can contain. Throws `NotFound` if there is no such user.
 */
export async function findUser(users: UsersService, username: string): Promise<User> {
  const [, id] = BY_ID.exec(username) ?? [];
  const user = await (id === undefined
    ? users.findByUsername(username)
    : users.findById(id.toLowerCase()));
  if (!user) throw new NotFound();
  return user;
}
