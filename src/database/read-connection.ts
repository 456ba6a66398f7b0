import type { Repository } from 'typeorm';
import type { Database } from './data-source.js';
import type { EntityClass, Statements } from './statements.js';

/** What of a repository reads. A write goes through `UnitOfWork`. */
export type ReadRepository<Entity extends object> = Pick<
  Repository<Entity>,
  'find' | 'findOneBy' | 'findOneByOrFail' | 'createQueryBuilder'
>;

/** Reads committed rows only. On SQLite it has a connection of its own, on PostgreSQL one of the pool's. */
export class ReadConnection {
  private readonly statements: Statements;

  constructor(private readonly database: Database) {
    this.statements = database.statements;
  }

  /** TypeORM's repository, for reads that are not hot. */
  repository<Entity extends object>(entity: EntityClass<Entity>): ReadRepository<Entity> {
    return this.database.getRepository(entity);
  }

  read<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.statements.rows<Row>(sql, parameters);
  }

  /** Closes the reader's own connection; the writer's is closed by its owner. */
  async close(writer: Database): Promise<void> {
    if (this.database !== writer) await this.database.destroy();
  }
}
