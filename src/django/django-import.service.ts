import { Injectable } from '@nestjs/common';
import { openForeign } from '../database/foreign-database.js';
import { UnitOfWork } from '../database/transactions/unit-of-work.js';
import { ImportReport } from './import-report.js';
import { People, type Decision, type Person } from './people.js';
import { PersonWriter } from './person-writer.js';
import { DjangoSource, MESSAGES_PAGE } from './source.js';
import { findTables, type TableNames } from './tables.js';

/** Number of users imported at the same time. Each may have a page of messages in memory. */
const USERS_AT_ONCE = 16;

export interface ImportOptions extends TableNames {
  /** Import the other users if some have faults. Without it nothing is imported then. */
  readonly skip: boolean;
}

/**
 * Imports the users of a Django REST service: accounts, passwords, tokens, balances and history. Reads its database
 * and never writes to it. Skips users that an earlier run imported, and continues a run that was interrupted.
 */
@Injectable()
export class DjangoImport {
  constructor(
    private readonly people: People,
    private readonly writer: PersonWriter,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Runs the import. Throws if the database does not open, or its tables are not found. */
  async run(location: string, { skip, ...names }: ImportOptions): Promise<ImportReport> {
    const database = await openForeign(location);
    try {
      const source = new DjangoSource(database, await findTables(database, names));
      const findings = new ImportReport(await source.messagesWithoutUser());
      for await (const page of this.people.decide(source)) {
        for (const one of page) findings.addFinding(one);
      }
      if (findings.faultCount > 0 && !skip) return findings;
      return await this.importAll(source, findings);
    } finally {
      await database.close();
    }
  }

  private async importAll(source: DjangoSource, report: ImportReport): Promise<ImportReport> {
    report.markStarted();
    for await (const page of this.people.decide(source)) {
      const newPeople = page.filter(({ verdict }) => verdict === 'new');
      for (let first = 0; first < newPeople.length; first += USERS_AT_ONCE) {
        const batch = newPeople.slice(first, first + USERS_AT_ONCE);
        await Promise.all(
          batch.map(({ person }: Decision) => this.importPerson(source, person, report)),
        );
      }
    }
    return report;
  }

  /**
   * Imports one user, in one transaction if the history is short. If it is long, the user cannot log in until
   * all of it is stored: the wallet, which marks the user as imported, comes last.
   */
  private async importPerson(
    source: DjangoSource,
    person: Person,
    report: ImportReport,
  ): Promise<void> {
    let after: string | undefined;
    for (;;) {
      const messages = await source.messagesOf(person.djangoId, after);
      const isLast = messages.length < MESSAGES_PAGE;
      const tokens = isLast ? await source.tokensOf(person.djangoId) : [];
      await this.unitOfWork.run(async (tx) => {
        await this.writer.begin(tx, person);
        await this.writer.addHistory(tx, person, messages);
        if (isLast) await this.writer.complete(tx, person, tokens);
      });
      report.count({ messages: messages.length, tokens: tokens.length });
      if (isLast) break;
      after = messages.at(-1)?.id;
    }
    report.count({ people: 1, balance: person.balance });
  }
}
