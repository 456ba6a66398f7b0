import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Answers one request to a model. */
export type Behaviour = (response: ServerResponse) => Promise<void> | void;

const event = (chunk: unknown) => `data: ${JSON.stringify(chunk)}\n\n`;

/** Returns one piece of an answer, as OpenAI's servers send it. */
export const delta = (content: string) =>
  event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });

/** Returns the last events of a complete answer. */
export const ending = (completionTokens: number) =>
  event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }) +
  event({ choices: [], usage: { prompt_tokens: 10, completion_tokens: completionTokens } }) +
  'data: [DONE]\n\n';

export function openEvents(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
}

/** A local model server. The model's name selects how it answers. */
export class Upstream {
  private constructor(
    private readonly server: Server,
    private readonly folder: string,
    readonly url: string,
    /** The settings that make the service call this server. */
    readonly settings: Readonly<Record<string, string>>,
  ) {}

  static async start(behaviours: Readonly<Record<string, Behaviour>>): Promise<Upstream> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        const { model } = JSON.parse(body) as { model: string };
        void behaviours[model]?.(response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const models = Object.keys(behaviours).map((id) => ({
      ...{ id, provider: 'loopback', upstream: id, price: { perMessage: 100 } },
      ...{ contextTokens: 8000, maxTokens: 4000 },
    }));
    const url = `http://127.0.0.1:${String(port)}`;
    const folder = await mkdtemp(join(tmpdir(), 'tallychat-models-'));
    const path = join(folder, 'models.json');
    await writeFile(
      path,
      JSON.stringify({ providers: { loopback: { baseUrl: `${url}/v1` } }, models }),
    );
    return new Upstream(server, folder, url, { MODELS_FILE: path });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    await rm(this.folder, { recursive: true, force: true });
  }
}
