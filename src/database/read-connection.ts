import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from './data-source.js';
import type { Statements } from './statements.js';

/** Reads committed rows only. On SQLite it has a connection of its own, on PostgreSQL one of the pool's. */
@Injectable()
export class ReadConnection {
  private readonly statements: Statements;

  constructor(private readonly database: Database) {
    this.statements = database.statements;
  }

  get manager(): EntityManager {
    return this.database.manager;
  }

  read<Row>(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return this.statements.rows<Row>(sql, parameters);
  }
}
