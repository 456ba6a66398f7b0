import pg from 'pg';
import { READS, chargeRows, digestOf, nowMicros, walletRows, writes } from './statements.js';
import {
  TOKEN_IDLE_MICROS,
  type Caller,
  type Charge,
  type PaidWallet,
  type PastTurn,
  type Store,
} from './store.js';

const POOL_MAX = 10;
const WRITES = writes('json_array_elements($1::json) AS row(value)');

/** The service's database with named statements, which PostgreSQL prepares once for each connection. */
export class PostgresStore implements Store {
  private constructor(
    private readonly pool: pg.Pool,
    private readonly writer: pg.Client,
  ) {}

  static async open(connectionString: string): Promise<PostgresStore> {
    pg.types.setTypeParser(pg.types.builtins.INT8, Number);
    const writer = new pg.Client({ connectionString });
    await writer.connect();
    return new PostgresStore(new pg.Pool({ connectionString, max: POOL_MAX }), writer);
  }

  async callerOf(secret: string): Promise<Caller | undefined> {
    const [row] = await this.read<Caller & { lastUsedAt: number; isActive: boolean }>('caller', [
      digestOf(secret),
    ]);
    return row?.isActive && row.lastUsedAt + TOKEN_IDLE_MICROS > nowMicros() ? row : undefined;
  }

  async passwordHashOf(username: string): Promise<string> {
    const [row] = await this.read<{ phc: string }>('passwordHash', [username]);
    return row?.phc ?? '';
  }

  async available(ownerId: string): Promise<number> {
    const [row] = await this.read<{ available: number }>('available', [ownerId]);
    return row?.available ?? 0;
  }

  page(ownerId: string, limit: number): Promise<PastTurn[]> {
    return this.read<PastTurn>('page', [ownerId, limit]);
  }

  async charge(charges: readonly Charge[]): Promise<Map<string, PaidWallet>> {
    await this.writer.query('BEGIN');
    const wallets = await this.write('wallets', walletRows(charges));
    const paid = new Map(wallets.map((wallet) => [wallet.ownerId, wallet]));
    const rows = chargeRows(charges, paid);
    await this.write('holds', rows);
    await this.write('entries', rows);
    await this.write('conversations', rows);
    await this.write('turns', rows);
    await this.writer.query('COMMIT');
    return paid;
  }

  private async read<Row>(name: keyof typeof READS, values: unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query({ name, text: READS[name], values });
    return rows as Row[];
  }

  private async write(name: keyof typeof WRITES, rows: string): Promise<PaidWallet[]> {
    const result = await this.writer.query({ name, text: WRITES[name], values: [rows] });
    return result.rows as PaidWallet[];
  }
}
