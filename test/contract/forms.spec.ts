import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PASSWORD, TestApp } from '../support/app.js';
import { MULTIPART, toMultipart } from '../support/api-walk.js';
import type { Caller } from '../support/client.js';
import { rowCounts } from '../support/refusals.js';

const FORM = 'application/x-www-form-urlencoded';
const CASES = (words: string[]) => words.flatMap((word) => [word, word.toUpperCase(), ` ${word} `]);
const TRUE = [...CASES(['true', 't', 'yes', 'y', 'on', '1']), 'True', 'On'];
const FALSE = [...CASES(['false', 'f', 'no', 'n', 'off', '0']), 'False', 'Off'];

describe('forms', () => {
  let app: TestApp;
  let ada: Caller;

  beforeAll(async () => {
    app = await TestApp.start();
  });
  beforeEach(async () => {
    ada = await app.newUser();
  });
  afterAll(() => app.close());

  const post = (path: string, body: string | Buffer, type: string) =>
    app.send({
      method: 'POST',
      path,
      headers: { Authorization: `Token ${ada.token}`, 'Content-Type': type },
      body,
    });
  const typeOf = async (body: string, type: string) => {
    const { status, headers } = await post('/api/chat/', body, type);
    return [status, headers['content-type']];
  };

  it('accept the boolean words of Django in any case, like JSON', async () => {
    ada = await app.newUser({ tokens: 100_000 });
    const form = (stream: string) => new URLSearchParams({ message: 'hi', stream }).toString();
    const json = (stream: unknown) => JSON.stringify({ message: 'hi', stream });
    const streamed = [200, 'text/event-stream; charset=utf-8'];
    const whole = [200, 'application/json'];
    for (const word of TRUE) {
      expect([word, await typeOf(form(word), FORM)]).toEqual([word, streamed]);
    }
    for (const word of FALSE) {
      expect([word, await typeOf(form(word), FORM)]).toEqual([word, whole]);
    }
    for (const word of ['True', 'on', 1, true]) {
      expect([word, await typeOf(json(word), 'application/json')]).toEqual([word, streamed]);
    }
    for (const word of ['False', 'off', 0, false, null]) {
      expect([word, await typeOf(json(word), 'application/json')]).toEqual([word, whole]);
    }
  });

  it.each(['2', 'maybe', 'ja', '-1', 'truefalse'])('refuse %j as a boolean', async (stream) => {
    const answer = await post('/api/chat/', `message=hi&stream=${stream}`, FORM);
    expect([answer.status, answer.body]).toEqual([400, { stream: ['Must be a valid boolean.'] }]);
    expect(await ada.balance()).toBe(4000);
  });

  it('with several parts are read like the others, on each of the four routes', async () => {
    const account = { username: 'grace', password: PASSWORD };
    const registered = await post('/api/register/', toMultipart(account), MULTIPART);
    expect([registered.status, typeof registered.body.token]).toEqual([201, 'string']);
    expect((await post('/api/login/', toMultipart(account), MULTIPART)).status).toBe(200);
    const said = { message: '  zwei\r\nZeilen: ü€😀 ', stream: 'False' };
    const { status, body } = await post('/api/chat/', toMultipart(said), MULTIPART);
    expect([status, body.message]).toEqual([200, 'zwei\r\nZeilen: ü€😀']);
    const streamed = toMultipart({ message: 'hi', stream: 'True' });
    expect(await typeOf(streamed, MULTIPART)).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(await ada.balance()).toBe(3800);
  });

  it('with several parts may have charsets, repeated fields and an empty file', async () => {
    const part = (head: string, text: string) =>
      Buffer.concat([
        Buffer.from(`--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
        Buffer.from(text, 'latin1'),
        Buffer.from('\r\n'),
      ]);
    const body = Buffer.concat([
      part('name="message"', 'first'),
      part('name="message"\r\nContent-Type: text/plain; charset=iso-8859-1', 'l\xe4st'),
      part('name="picture"; filename=""\r\nContent-Type: application/octet-stream', ''),
      Buffer.from('--x--\r\n'),
    ]);
    const answer = await post('/api/chat/', body, 'multipart/form-data; boundary=x');
    expect([answer.status, answer.body.message]).toEqual([200, 'läst']);
  });

  it.each([
    ['message', 'Not a valid string.'],
    ['attachment', 'A file is not taken here. Send text.'],
  ])('with a file as %s are refused at that field', async (name, sentence) => {
    const before = await rowCounts(app);
    const file = `--x\r\nContent-Disposition: form-data; name="${name}"; filename="a.txt"\r\n\r\nhello\r\n`;
    const text = '--x\r\nContent-Disposition: form-data; name="message"\r\n\r\nhi\r\n';
    const body = `${name === 'message' ? '' : text}${file}--x--\r\n`;
    const answer = await post('/api/chat/', body, 'multipart/form-data; boundary=x');
    expect([answer.status, answer.body]).toEqual([400, { [name]: [sentence] }]);
    expect(await rowCounts(app)).toEqual(before);
    expect(await ada.balance()).toBe(4000);
  });

  it('with more than a thousand parts are refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [index, 'a']));
    const answer = await post('/api/chat/', toMultipart({ message: 'hi', ...many }), MULTIPART);
    expect([answer.status, answer.body.code]).toEqual([400, 'bad_request']);
    expect(await ada.balance()).toBe(4000);
  });
});
