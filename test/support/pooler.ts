import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The parameters that PgBouncer accepts at the start of a connection. It refuses all others. */
const STARTUP_PARAMETERS = [
  ...['user', 'database', 'client_encoding', 'datestyle', 'timezone'],
  ...['standard_conforming_strings', 'application_name'],
];
/** "Ready for query", outside a transaction: the end of the server's messages. */
const READY = Buffer.from('5a0000000549', 'hex');
const TERMINATE = 'X'.charCodeAt(0);

/** Replaces PgBouncer between the service and PostgreSQL. */
export class Pooler {
  /** Whether the next COMMIT is passed on but not answered: the connection is closed instead. */
  cutsNextCommit = false;
  private readonly sockets = new Set<Socket>();
  private readonly idle: Socket[] = [];

  private constructor(
    private readonly target: URL,
    private readonly mode: 'session' | 'transaction',
    private readonly server: Server,
  ) {}

  static async start(url: string, mode: 'session' | 'transaction'): Promise<Pooler> {
    const server = createServer();
    const pooler = new Pooler(new URL(url), mode, server);
    server.on('connection', (client) => {
      pooler.accept(client);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return pooler;
  }

  get url(): string {
    const url = new URL(this.target);
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    this.track(client);
    client.once('data', (startup: Buffer) => {
      const names = startup.subarray(8).toString().split('\0');
      const unknownName = names.find(
        (name, n) => n % 2 === 0 && name !== '' && !STARTUP_PARAMETERS.includes(name.toLowerCase()),
      );
      if (unknownName === undefined) this.serve(client, startup);
      else refuse(client, `unsupported startup parameter: ${unknownName}`);
    });
  }

  /**
   * Serves a client. Each client brings a session. In transaction mode, each transaction gets the session that was
   * freed last.
   */
  private serve(client: Socket, startup: Buffer): void {
    let session: Socket | undefined = this.connect();
    let isCutting = false;
    const passOn = (serverBytes: Buffer) => {
      if (isCutting) {
        client.destroy();
        return;
      }
      client.write(serverBytes);
      if (this.mode === 'session' || !serverBytes.subarray(-READY.length).equals(READY)) return;
      session?.off('data', passOn);
      if (session) this.idle.push(session);
      session = undefined;
    };
    session.on('data', passOn);
    session.write(startup);
    client.on('data', (clientBytes: Buffer) => {
      if (clientBytes[0] === TERMINATE) return;
      if (this.cutsNextCommit && clientBytes.includes('COMMIT')) {
        this.cutsNextCommit = false;
        isCutting = true;
      }
      session ??= this.idle.pop()?.on('data', passOn);
      session?.write(clientBytes);
    });
    client.on('close', () => {
      if (this.mode === 'session') session?.destroy();
    });
    session.on('close', () => client.destroy());
  }

  private connect(): Socket {
    return this.track(connect(Number(this.target.port), this.target.hostname));
  }

  private track(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    return socket.on('close', () => this.sockets.delete(socket));
  }
}

function refuse(client: Socket, why: string): void {
  const text = Buffer.from(`SFATAL\0C08P01\0M${why}\0\0`);
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(4 + text.length, 1);
  client.end(Buffer.concat([head, text]));
}
