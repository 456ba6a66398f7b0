import { beforeAll, describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const IMPORTS = 'import-x/no-restricted-paths';
const SYNTAX = 'no-restricted-syntax';

/** Code in an existing file that breaks a rule of `eslint.config.js`, so that the rule is known to work. */
const BREACHES: [rule: string, path: string, code: string][] = [
  [IMPORTS, 'src/wallet/amount.ts', "import { Chat } from '../chat/chat.service.js';"],
  [IMPORTS, 'src/wallet/amount.ts', "import type { Chat } from '../chat/chat.service.js';"],
  [IMPORTS, 'src/models/answers/chunk.ts', "import '../../auth/authenticator.js';"],
  [IMPORTS, 'src/http/query.ts', "const late = await import('../users/user.entity.js');"],
  [IMPORTS, 'src/users/user.entity.ts', "import { AppModule } from '../app.module.js';"],
  [IMPORTS, 'src/users/user.entity.ts', "import { app } from '../../test/support/app.js';"],
  [IMPORTS, 'src/errors.ts', "import { toIso } from './time.js';"],
  [IMPORTS, 'src/main.ts', "import { createApp } from './app.setup.js';"],
  [IMPORTS, 'src/app.setup.ts', "import { runProgram } from './commands/program.js';"],
  [IMPORTS, 'src/admin/admin.dto.ts', "import { wholeNumber } from '../commands/arguments.js';"],
  [IMPORTS, 'src/fields/body.pipe.ts', "import type { Config } from '../config/config.js';"],
  [IMPORTS, 'src/config/config.ts', "import { Wallet } from '../wallet/wallet.entity.js';"],
  [
    SYNTAX,
    'src/wallet/amount.ts',
    '@Injectable() class A { constructor(private a: B, b: C, c: D, d: E, e: F, @Inject(X) f: G) {} }',
  ],
];

const ALLOWED = [
  ['src/wallet/amount.ts', "import { Tx } from '../database/transactions/tx.js';"],
  ['src/wallet/amount.ts', "import { loadConfig } from '../config/load-config.js';"],
  [
    'src/wallet/amount.ts',
    '@Injectable() class A { constructor(a: B, b: C, c: D, d: E, e: F) {} }',
  ],
  ['src/fields/field-reader.spec.ts', "import { byEffort } from '../../test/support/effort.js';"],
  ['src/main.ts', "import { runProgram } from './commands/program.js';"],
];

describe('ESLint', () => {
  let linter: ESLint;

  // Only these two rules, without types, which take seconds to load.
  beforeAll(async () => {
    const { settings, rules } = (await new ESLint().calculateConfigForFile(
      'src/wallet/amount.ts',
    )) as { settings: object; rules: Record<string, unknown> };
    const overrideConfig = {
      files: ['**/*.ts'],
      plugins: { 'import-x': importX },
      languageOptions: { parser: tseslint.parser },
      settings,
      rules: { [IMPORTS]: rules[IMPORTS], [SYNTAX]: rules[SYNTAX] },
    } as object;
    linter = new ESLint({ overrideConfigFile: true, overrideConfig });
  });

  const brokenRules = async (path: string, code: string) => {
    const [file] = await linter.lintText(code, { filePath: path });
    return file?.messages.map(({ ruleId }) => ruleId);
  };

  it.each(BREACHES)('refuses by the rule %s in %s: %s', async (rule, path, code) => {
    expect(await brokenRules(path, code)).toEqual([rule]);
  });

  it.each(ALLOWED)('accepts in %s: %s', async (path, code) => {
    expect(await brokenRules(path, code)).toEqual([]);
  });
});
