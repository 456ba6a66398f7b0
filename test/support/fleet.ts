import { type HttpClient, Caller } from './client.js';
import { register } from './register.js';
import { Inspector, createMigrated, type DatabaseKind, type TestDatabase } from './databases.js';
import { Service } from './service.js';

const SETTINGS = { JWT_SECRET: 'a secret for specs, and of no use elsewhere', RATE_LIMITS: 'off' };

/** One running process, and a client of it. */
export interface Member {
  readonly service: Service;
  readonly http: HttpClient;
}

/** Processes of the built service on one database. A spec starts, kills and replaces them. */
export class Fleet {
  private readonly services: Service[] = [];
  private readonly clients: HttpClient[] = [];
  private users = 0;

  private constructor(
    private readonly owned: TestDatabase,
    private readonly settings: Record<string, string>,
  ) {}

  /** Makes a fleet. `create` makes the database, by default one with the schema. */
  static async on(
    kind: DatabaseKind,
    settings: Record<string, string> = {},
    create = createMigrated,
  ): Promise<Fleet> {
    return new Fleet(await create(kind), { ...SETTINGS, ...settings });
  }

  /** Starts a process without waiting for it. */
  async launch(): Promise<Service> {
    const settings = { ...this.settings, DATABASE_URL: this.owned.url };
    const service = await Service.launch(settings);
    this.services.push(service);
    return service;
  }

  /** Starts a process and waits until it serves. */
  async start(): Promise<Member> {
    return this.serving(await this.launch());
  }

  /** Resolves when a launched process serves. Rejects if it ends first. */
  async serving(service: Service): Promise<Member> {
    await service.sees(/listens on \S+["\s]/);
    const http = await service.client();
    this.clients.push(http);
    return { service, http };
  }

  async newUser({ http }: Member): Promise<Caller> {
    this.users += 1;
    const username = `user${String(this.users)}`;
    return register(http, username);
  }

  /** Returns the same user with a client of another process. */
  callerOn({ http }: Member, { token, username }: Caller): Caller {
    return new Caller(http, token, username);
  }

  /** Reads the database as it is now. No connection stays open, so a crash leaves the database as it was. */
  async inspect<T>(look: (database: Inspector) => Promise<T>): Promise<T> {
    const inspector = await Inspector.open(this.owned.url);
    try {
      return await look(inspector);
    } finally {
      await inspector.close();
    }
  }

  /** Ends every process and removes the database. */
  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all(this.services.map((service) => service.remove()));
    await this.owned.drop();
  }
}
