import type { Command } from 'commander';
import type { OperatorsService, UserChange } from '../admin/operators.service.js';
import { emailField, usernameField } from '../auth/auth.dto.js';
import type { TextFieldRules } from '../fields/text-field.js';
import { textReader } from '../fields/text-reader.js';
import { filled, optionText } from './words.js';

type Operate = (work: (operators: OperatorsService) => Promise<string>) => Promise<void>;

interface Options {
  readonly reason?: string;
  readonly email?: string;
  readonly revoke?: true;
}

/** Who has a shell is no user. */
const byShell = ({ reason = '' }: Options) => ({ operatorId: null, reason });

/** Holds what was typed to the rules of a request's field. */
function sound(field: string, typed: string, rules: TextFieldRules): string {
  return textReader(field, rules)(typed) ?? '';
}

/** A command about one user. */
function aboutUser(parent: Command, name: string, summary: string): Command {
  return parent
    .command(name)
    .description(summary)
    .argument('<username>', '', filled)
    .option('--reason <text>', 'what the trail says of it', optionText);
}

/** The commands that change users. Each leaves an entry in the trail. */
export function declarePeople(parent: Command, operate: Operate): void {
  const change = (username: string, what: UserChange, options: Options, done: string) =>
    operate(async (operators) => {
      await operators.change(username, what, byShell(options));
      return `${username} ${done}`;
    });
  aboutUser(parent, 'activate', 'lets a user in again').action(
    (username: string, options: Options) =>
      change(username, { isActive: true }, options, 'may log in'),
  );
  aboutUser(parent, 'deactivate', 'keeps a user out').action((username: string, options: Options) =>
    change(username, { isActive: false }, options, 'is kept out'),
  );
  aboutUser(parent, 'staff', 'lets a user use /api/admin/')
    .option('--revoke', 'no longer')
    .action((username: string, options: Options) => {
      const done = options.revoke ? 'is no longer staff' : 'is now staff';
      return change(username, { isStaff: !options.revoke }, options, done);
    });
  aboutUser(parent, 'create-user', 'makes a user; prints a link to set the password')
    .option('--email <address>', 'where mails go', optionText)
    .action((name: string, options: Options) =>
      operate(async (operators) => {
        const username = sound('username', name, usernameField);
        const user = { username, email: sound('email', options.email ?? '', emailField) };
        return operators.linkOf(await operators.create(user, byShell(options)));
      }),
    );
  aboutUser(parent, 'password-link', 'prints a link to set a new password').action(
    (username: string, options: Options) =>
      operate(async (operators) =>
        operators.linkOf(await operators.passwordToken(username, byShell(options))),
      ),
  );
  const sessions = parent.command('sessions').description('what may speak for a user');
  aboutUser(sessions, 'end', 'ends every session of the user').action(
    (username: string, options: Options) =>
      operate(async (operators) => {
        await operators.endSessions(username, byShell(options));
        return `${username} has no session`;
      }),
  );
}
