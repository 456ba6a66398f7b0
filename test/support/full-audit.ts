import { fullAudit, type FullReport } from '../../src/audit/full-audit.js';
import { openReadOnly } from '../../src/database/open-database.js';
import { entities } from '../../src/entities.js';

/** Returns the report of `npm run audit` for a database. */
export async function auditOf(url: string): Promise<FullReport> {
  const database = await openReadOnly({ url, poolMax: 2, entities });
  try {
    return await fullAudit(database);
  } finally {
    await database.destroy();
  }
}
