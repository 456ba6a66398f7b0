import type { Repository } from 'typeorm';
import type { Database } from './data-source.js';
import type { EntityClass, Statements } from './statements.js';

/** The reading methods of a repository. Writes go through `UnitOfWork`. */
export type ReadRepository<Entity extends object> = Pick<
  Repository<Entity>,
  'find' | 'findOneBy' | 'findOneByOrFail' | 'count' | 'createQueryBuilder'
>;

/** Reads committed rows only. On SQLite it has its own connection, on PostgreSQL it uses the pool. */
export class ReadConnection {
  private readonly statements: Statements;

  constructor(private readonly database: Database) {
    this.statements = database.statements;
  }

  /** Returns TypeORM's repository, for reads that are not frequent. */
  repository<Entity extends object>(entity: EntityClass<Entity>): ReadRepository<Entity> {
    return this.database.getRepository(entity);
  }

  read<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.statements.rows<Row>(sql, parameters);
  }

  /** Closes the connection of the reader. The owner of the writer closes the writer's connection. */
  async close(writer: Database): Promise<void> {
    if (this.database !== writer) await this.database.destroy();
  }
}
