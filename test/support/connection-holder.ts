import pg from 'pg';

/** Another program on the same PostgreSQL, which takes every connection. */
export class ConnectionHolder {
  private readonly clients: pg.Client[] = [];

  private constructor(private readonly url: string) {}

  /** Takes the free connections, and those of the service by ending them. */
  static async takeAll(url: string): Promise<ConnectionHolder> {
    const program = new ConnectionHolder(url);
    const first = await program.takeFree();
    if (!first) throw new Error('no connection is free, not even one');
    const left = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND application_name <> 'another program'`;
    while (((await first.query(left)).rowCount ?? 0) > 0) await program.takeFree();
    return program;
  }

  async end(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.end()));
  }

  /** Returns the first of its connections when the server has no free one. */
  private async takeFree(): Promise<pg.Client | undefined> {
    for (;;) {
      const client = new pg.Client({
        connectionString: this.url,
        application_name: 'another program',
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
      } catch (error) {
        if ((error as { code?: string }).code !== '53300') throw error;
        return this.clients[0];
      }
      this.clients.push(client);
    }
  }
}
