import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { TestApp } from '../support/app.js';
import type { Caller } from '../support/client.js';
import { sample } from '../support/full-effort.js';
import { Service } from '../support/service.js';

const FORWARDED = {
  'X-Forwarded-For': '203.0.113.7',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'chat.example.org',
};

/** Returns the link to the next page that a caller with these headers gets. */
async function nextLink(caller: Caller, headers: Record<string, string>): Promise<string> {
  const { body } = await caller.get('/api/chat/?page_size=1', headers);
  return (body as { next: string }).next;
}

async function withTwoTurns(app: TestApp): Promise<Caller> {
  const ada = await app.newUser();
  for (const message of ['one', 'two']) await ada.chat(message);
  return ada;
}

describe('behind a trusted proxy', () => {
  let app: TestApp;
  let ada: Caller;
  beforeAll(async () => {
    app = await TestApp.start('sqlite', { TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1/32' });
    ada = await withTwoTurns(app);
  });
  afterAll(() => app.close());

  it('links have the scheme and the host of the proxy’s request', async () => {
    const link = await nextLink(ada, FORWARDED);
    expect(link).toMatch(/^https:\/\/chat\.example\.org\/api\/chat\/\?/);
    const { pathname, search } = new URL(link);
    expect((await ada.get(pathname + search)).status).toBe(200);
  });

  it('links have http or https only, whatever the header says', async () => {
    for (const scheme of ['javascript', 'ftp, http', 'https, http']) {
      const link = await nextLink(ada, { ...FORWARDED, 'X-Forwarded-Proto': scheme });
      expect(link).toMatch(/^http:\/\/chat\.example\.org\//);
    }
  });

  it('links have https if the proxy writes it in capitals', async () => {
    const link = await nextLink(ada, { ...FORWARDED, 'X-Forwarded-Proto': 'HTTPS' });
    expect(link).toMatch(/^https:\/\/chat\.example\.org\//);
  });

  it.each(['no host', 'ada@other.example', 'a.example/path', 'a.example?x', 'a.example#x'])(
    'requests with the invalid forwarded host %s are refused, like those with an invalid Host',
    async (host) => {
      const headers = { ...FORWARDED, 'X-Forwarded-Host': host };
      expect((await ada.get('/api/chat/?page_size=1', headers)).status).toBe(400);
    },
  );
});

describe('without a trusted proxy', () => {
  it.each(['', '10.0.0.0/8'])(
    'forwarded headers change nothing (TRUSTED_PROXIES=%s)',
    async (list) => {
      const app = await TestApp.start('sqlite', { TRUSTED_PROXIES: list });
      const link = await nextLink(await withTwoTurns(app), FORWARDED);
      expect(link.startsWith(`${app.url}/api/chat/?`)).toBe(true);
      await app.close();
    },
  );
});

describe('the service', () => {
  let service: Service | undefined;
  afterEach(() => service?.remove());

  const cases = [
    ['127.0.0.1/32, 10.0.0.0/8', '203.0.113.7, 10.0.0.7:443', '203.0.113.7'],
    ['127.0.0.1/32', '203.0.113.7', '203.0.113.7'],
    ['', '203.0.113.7', '127.0.0.1'],
  ] as const;

  it.each(sample('a logged address', 2, cases))(
    'with TRUSTED_PROXIES=%s and X-Forwarded-For %s, logs the address %s',
    async (list, chain, address) => {
      service = await Service.start({ TRUSTED_PROXIES: list });
      const client = await service.client();
      const headers = { ...FORWARDED, 'X-Forwarded-For': chain };
      const answer = await client.send({ path: '/health/live', headers });
      const id = String(answer.headers['x-request-id']);
      await service.sees(new RegExp(`"${id}".*\n`));
      const line = service.log().find(({ reqId }) => reqId === id);
      expect(line?.['address']).toBe(address);
      client.close();
    },
  );
});
