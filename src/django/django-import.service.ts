import { Injectable } from '@nestjs/common';
import { openForeign } from '../database/foreign-database.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { ImportReport } from './import-report.js';
import { People, type Judged, type Person } from './people.js';
import { PersonWriter } from './person-writer.js';
import { DjangoSource, MESSAGES_PAGE } from './source.js';
import { findTables, type TableNames } from './tables.js';

/** People who are brought along at once; each may have a page of messages in memory. */
const AT_ONCE = 16;

export interface ImportOptions extends TableNames {
  /** Bring the others along where something is wrong with some; without it nothing is done then. */
  readonly skip: boolean;
}

/**
 * Brings the people of a Django REST service along: accounts, passwords, tokens, balances and history. Its database
 * is read and never written to. Those who are here from an earlier run are left alone, and one that was broken off
 * goes on.
 */
@Injectable()
export class DjangoImport {
  constructor(
    private readonly people: People,
    private readonly writer: PersonWriter,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  /** Throws where the database does not open, or its tables are not found. */
  async run(location: string, { skip, ...names }: ImportOptions): Promise<ImportReport> {
    const database = await openForeign(location);
    try {
      const source = new DjangoSource(database, await findTables(database, names));
      const outlook = new ImportReport(await source.messagesOfNobody());
      for await (const page of this.people.judge(source)) {
        for (const one of page) outlook.see(one);
      }
      if (outlook.wrongCount > 0 && !skip) return outlook;
      return await this.bringAll(source, outlook);
    } finally {
      await database.close();
    }
  }

  private async bringAll(source: DjangoSource, report: ImportReport): Promise<ImportReport> {
    report.begin();
    for await (const page of this.people.judge(source)) {
      const fresh = page.filter(({ verdict }) => verdict === 'new');
      for (let first = 0; first < fresh.length; first += AT_ONCE) {
        const some = fresh.slice(first, first + AT_ONCE);
        await Promise.all(some.map(({ person }: Judged) => this.bring(source, person, report)));
      }
    }
    return report;
  }

  /**
   * One person, in one transaction where their history is short. Where it is long they cannot log in until all of
   * it is here: the wallet, by which they are known as brought, comes last.
   */
  private async bring(source: DjangoSource, person: Person, report: ImportReport): Promise<void> {
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
