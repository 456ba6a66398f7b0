import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lexer } from 'marked';
import { TestApp } from '../support/app.js';
import { databaseKinds } from '../support/databases.js';
import { messagesIn, openConversation, sendMessage, turnsIn } from '../support/conversations.js';

const quoted = (text: string) => `> ${text.replaceAll('\n', '\n> ')}`;

describe.each(databaseKinds)('GET /api/conversations/{id}/export/ on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind, { OPENING_GRANT: '100000' });
  });
  afterAll(() => app.close());

  it('exports every turn, oldest first, as JSON and as Markdown', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada, { title: 'All\nof it', system: 'Be brief.' });
    await sendMessage(ada, id, 'a "quoted" line\nand another');
    await sendMessage(ada, id, 'last');
    const path = `/api/conversations/${id}/export/`;
    const json = await ada.get(`${path}?type=json`);
    const turns = await ada.get(`/api/conversations/${id}/messages/`);
    expect(json.headers['content-disposition']).toBe(
      `attachment; filename="conversation-${id}.json"`,
    );
    expect([json.headers['content-type'], json.body]).toEqual([
      'application/json',
      {
        conversation: (await ada.get(`/api/conversations/${id}/`)).body,
        turns: turnsIn(turns).reverse(),
      },
    ]);
    expect((await ada.get(path)).raw).toBe(json.raw);
    const markdown = await ada.get(`${path}?type=markdown`, { Accept: 'text/markdown' });
    const [first, last] = turnsIn(json);
    expect([markdown.headers['content-type'], markdown.raw]).toEqual([
      'text/markdown; charset=utf-8',
      `# All of it\n\n## System\n\n> Be brief.\n` +
        `\n## You, ${first?.timestamp ?? ''}\n\n> a "quoted" line\n> and another\n\n## echo\n\n${quoted(first?.response ?? '')}\n` +
        `\n## You, ${last?.timestamp ?? ''}\n\n> last\n\n## echo\n\n${quoted(last?.response ?? '')}\n`,
    ]);
    const pdf = await ada.get(`${path}?type=pdf`);
    expect([pdf.status, pdf.body]).toEqual([400, { type: ['"pdf" is not a valid choice.'] }]);
    expect(await ada.balance()).toBe(99_800);
  });

  it.each([
    '```js\nconst open = true;',
    '~~~~\n```\n# within',
    '# A heading\n\n## You, 2020-01-01T00:00:00.000000Z\n\nnever said',
    'A line\n======\n\nanother\n---',
    '<!-- a comment, or <script>',
    '- a list\n\n      code\n1. more',
    'old\rline ends\r\n# and new',
    '    indented',
    '[You]: https://example.org "x',
  ])('exports Markdown that the message %j does not break', async (message) => {
    const ada = await app.newUser();
    const id = await openConversation(ada, { title: 'x', system: message });
    await sendMessage(ada, id, message);
    await sendMessage(ada, id, 'last');
    const { raw } = await ada.get(`/api/conversations/${id}/export/?type=markdown`);
    const blocks = lexer(raw).filter(({ type }) => type !== 'space');
    const headings = blocks.filter(({ type }) => type === 'heading').map(({ raw: head }) => head);
    expect(blocks.map(({ type }) => type)).toEqual([
      'heading',
      ...Array.from({ length: 5 }, () => ['heading', 'blockquote']).flat(),
    ]);
    expect(headings.map((head) => head.trim().replace(/\d{4}.*/, ''))).toEqual([
      ...['# x', '## System', '## You, ', '## echo', '## You, ', '## echo'],
    ]);
  });

  it('exports more turns than one batch, each once', async () => {
    const ada = await app.newUser();
    const id = await openConversation(ada);
    for (let n = 0; n < 101; n += 1) await sendMessage(ada, id, String(n));
    const messages = messagesIn(await ada.get(`/api/conversations/${id}/export/`));
    expect(messages).toEqual(Array.from({ length: 101 }, (_, n) => String(n)));
  });
});

describe.each(databaseKinds)('searching and quoting on %s', (kind) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await TestApp.start(kind);
  });
  afterAll(() => app.close());

  it('finds text in messages and answers, ignoring the case of A to Z', async () => {
    const [ada, bob] = [await app.newUser(), await app.newUser()];
    await bob.chat('A pelican');
    for (const message of ['The Pelican brief', 'nothing', '100% sure', 'snake_case', 'C:\\temp']) {
      await ada.chat(message);
    }
    const search = async (text: string) => {
      return messagesIn(await ada.get(`/api/chat/?search=${encodeURIComponent(text)}`));
    };
    expect(await search('pELICAN')).toEqual(['The Pelican brief']);
    expect(await search('%')).toEqual(['100% sure']);
    expect(await search('_')).toEqual(['snake_case']);
    expect(await search(':\\t')).toEqual(['C:\\temp']);
    expect(await search("' OR '1'='1")).toEqual([]);
    expect(await search('dummy AI')).toHaveLength(5);
    expect(await search('')).toHaveLength(5);
  });

  it('pages through what it finds', async () => {
    const ada = await app.newUser();
    for (let n = 0; n < 5; n += 1) await ada.chat(n % 2 === 0 ? `even ${String(n)}` : 'other');
    const first = await ada.get('/api/chat/?search=even&page_size=2');
    const second = await ada.get((first.body.next as string).slice(app.url.length));
    const found = [...messagesIn(first), ...messagesIn(second)];
    expect(found).toEqual(['even 4', 'even 2', 'even 0']);
    expect([first.body.previous, second.body.next]).toEqual([null, null]);
  });

  it.each(['%00', 'x'.repeat(201)])('refuses the search %p with 400', async (search) => {
    const ada = await app.newUser();
    const { status, body } = await ada.get(`/api/chat/?search=${search}`);
    expect([status, Object.keys(body)]).toEqual([400, ['search']]);
  });

  it('quotes a price without a charge', async () => {
    const ada = await app.newUser({ tokens: 0 });
    const holds = await app.database.count('holds');
    const { status, body } = await ada.send('POST', '/api/chat/quote/', { message: 'hi' });
    expect([status, body]).toEqual([200, { tokens: 100, model: 'echo', ceiling: 100 }]);
    const bad = await ada.send('POST', '/api/chat/quote/', { message: ' ', model: 'echo' });
    expect([bad.status, bad.body]).toEqual([400, { message: ['This field may not be blank.'] }]);
    expect(await app.database.count('holds')).toBe(holds);
    expect(await ada.history()).toEqual([]);
  });
});
