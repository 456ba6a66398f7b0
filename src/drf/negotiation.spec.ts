import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { NotAcceptable, NotFound } from '../errors.js';
import { negotiate } from './negotiation.js';

const ask = (accept: string | undefined, query = '', jsonOnly = false) =>
  negotiate(
    { url: `/api/chat/${query}`, headers: { accept } } as unknown as IncomingMessage,
    jsonOnly,
  ).indent;

describe('Accept', () => {
  it.each([
    undefined,
    '*/*',
    'application/json',
    'APPLICATION/JSON',
    'application/*',
    'application/json; charset=utf-8',
    'text/plain, application/json;q=0.1',
    'application/json;q=0',
    'text/html,application/xhtml+xml,*/*;q=0.8',
    'text/html',
    'text/*',
    'text/event-stream',
  ])('accepts %s', (accept) => {
    expect(ask(accept)).toBe(0);
  });

  it.each(['', 'json', 'application/xml', 'image/*', 'application/vnd.api+json', '/', ';'])(
    'refuses %j',
    (accept) => {
      expect(() => ask(accept)).toThrow(NotAcceptable);
    },
  );

  it.each(['text/html', 'text/*', 'text/event-stream'])(
    'refuses %s on routes that write only JSON',
    (accept) => {
      expect(() => ask(accept, '', true)).toThrow(NotAcceptable);
      expect(ask(`${accept}, */*;q=0.1`, '', true)).toBe(0);
    },
  );

  it.each([
    ['application/json; indent=4', 4],
    ['*/*; indent=2', 2],
    ['application/json; indent=99', 8],
    ['application/json; indent=-1', 0],
    ['application/json; indent=x', 0],
    ['application/json, application/json; indent=3', 3],
    ['application/xml; indent=4, */*', 0],
  ])('%s indents by %i', (accept, indent) => {
    expect(ask(accept)).toBe(indent);
  });
});

describe('?format=', () => {
  it.each(['?format=json', '?format=api', '?format=', '?format=xml&format=json', '?reformat=xml'])(
    'accepts %s',
    (query) => {
      expect(ask(undefined, query)).toBe(0);
    },
  );

  it.each(['?format=xml', '?format=JSON', '?format=json&format=xml', '?x=1&format=html'])(
    'refuses %s',
    (query) => {
      expect(() => ask(undefined, query)).toThrow(NotFound);
    },
  );

  it('restricts the types that Accept may ask for', () => {
    expect(() => ask('text/html', '?format=json')).toThrow(NotAcceptable);
    expect(() => ask('application/json', '?format=api')).toThrow(NotAcceptable);
    expect(() => ask(undefined, '?format=api', true)).toThrow(NotFound);
  });
});
