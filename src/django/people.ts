import { Injectable } from '@nestjs/common';
import { usernameField } from '../auth/auth.dto.js';
import { USERNAME_MAX } from '../auth/username.js';
import { importPassword, type ImportedPassword } from '../auth/passwords/django-password.js';
import { ReadConnection } from '../database/read-connection.js';
import { toStorableText } from '../database/storable-text.js';
import type { Micros } from '../time.js';
import { usernameKey } from '../users/users.service.js';
import { importedId } from './imported-ids.js';
import { momentOf, type DjangoSource, type DjangoUser } from './source.js';

/** A user to import, with the values to store here. */
export interface Person extends ImportedPassword {
  /** The id in the Django database. */
  readonly djangoId: string;
  readonly id: string;
  readonly username: string;
  readonly usernameKey: string;
  readonly email: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly joined: Micros;
  /** In whole tokens. */
  readonly balance: number;
}

/** A user and the decision: `new` is imported; `imported` and `invalid` are skipped. */
export type Decision =
  | { readonly person: Person; readonly verdict: 'new' | 'imported' }
  | { readonly person: Person; readonly verdict: 'invalid'; readonly reason: string };

const WHOLE = /^\d{1,16}$/;

/** Whether a value is a yes. SQLite stores what it is given. So a text such as `false` makes no operator. */
const isYes = (value: unknown) =>
  value === true || value === 1 || (typeof value === 'string' && /^(?:1|t|true)$/i.test(value));

function toPerson(user: DjangoUser): Person {
  const joined = momentOf(user.joined) ?? 0;
  const username = toStorableText(user.username ?? '').normalize('NFKC');
  return {
    djangoId: user.id,
    id: importedId('user', user.id, joined),
    username,
    usernameKey: usernameKey(username),
    email: (user.email ?? '').replaceAll('\0', ''),
    ...importPassword(toStorableText(user.password ?? '')),
    isActive: isYes(user.isActive),
    isStaff: isYes(user.isStaff),
    joined,
    balance: WHOLE.test(user.balance ?? '') ? Number(user.balance) : NaN,
  };
}

/** Decides for every user of a Django service whether it can be imported. */
@Injectable()
export class People {
  constructor(private readonly reader: ReadConnection) {}

  /**
   * Yields the decisions, a page at a time. If several names are equal here, only the user with the lowest id
   * is imported.
   */
  async *decide(source: DjangoSource): AsyncGenerator<Decision[]> {
    const taken = new Set<string>();
    for await (const page of source.people()) {
      const people = page.map(toPerson);
      const here = await this.findImported(people);
      const owners = await this.ownersOf(people);
      yield people.map((person) => {
        if (here.has(person.id)) return { person, verdict: 'imported' };
        const reason = faultOf(person, taken, owners);
        if (reason !== undefined) return { person, verdict: 'invalid', reason };
        taken.add(person.usernameKey);
        return { person, verdict: 'new' };
      });
    }
  }

  /** Returns the ids of users whose wallets exist. The wallet is created last, and stays when the user is deleted. */
  private async findImported(people: readonly Person[]): Promise<Set<string>> {
    const rows = await this.reader.read<{ ownerId: string }>(
      '/* django.brought */ SELECT owner_id AS "ownerId" FROM wallets WHERE owner_id = ANY($1)',
      [people.map(({ id }) => id)],
    );
    return new Set(rows.map(({ ownerId }) => ownerId));
  }

  /** Returns the ids of the users who have these names here, by name. */
  private async ownersOf(people: readonly Person[]): Promise<Map<string, string>> {
    const rows = await this.reader.read<{ key: string; id: string }>(
      '/* django.names */ SELECT username_key AS key, id FROM users WHERE username_key = ANY($1)',
      [people.map((person) => person.usernameKey)],
    );
    return new Map(rows.map(({ key, id }) => [key, id]));
  }
}

function faultOf(
  person: Person,
  taken: ReadonlySet<string>,
  owners: ReadonlyMap<string, string>,
): string | undefined {
  const { username, usernameKey: key, balance, id } = person;
  const isLong = Array.from(username.slice(0, 2 * USERNAME_MAX + 1)).length > USERNAME_MAX;
  if (isLong || username === '' || usernameField.rule?.test(username) !== true) {
    return 'the username is not one that can be registered here';
  }
  if ((owners.get(key) ?? id) !== id) return 'somebody here has this username, ignoring case';
  if (taken.has(key)) return 'somebody before them has this username, ignoring case';
  if (!Number.isSafeInteger(balance)) return 'the balance is not a whole number of tokens from 0';
  return undefined;
}
