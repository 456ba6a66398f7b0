import { describe, expect, it } from '@jest/globals';
import { prefersEvents } from './stream-preference.js';

describe('prefersEvents', () => {
  it.each([
    'text/event-stream',
    'Text/Event-Stream; charset=utf-8',
    'text/event-stream, application/json',
    'text/event-stream, */*',
    '*/*, text/event-stream',
    'application/json;q=0.9, text/event-stream',
    'application/json;q=0, text/event-stream;q=0.1',
    'application/*;q=0.2, text/event-stream;q=0.3',
    'text/event-stream;q=nonsense',
  ])('is true for %j', (accept) => {
    expect(prefersEvents(accept)).toBe(true);
  });

  it.each([
    '',
    '*/*',
    'text/*',
    'application/json',
    'application/json, text/event-stream',
    'application/json, text/event-stream;q=0.5',
    'application/json, text/event-stream;q=0',
    'application/json, text/plain, */*',
    'text/event-stream;q=0',
    'text/event-stream;q=0, */*',
    'text/event-stream;q=0.5, */*',
    'text/event-stream;q=0.5, application/json',
    'text/event-streams',
  ])('is false for %j', (accept) => {
    expect(prefersEvents(accept)).toBe(false);
  });
});
