import { Unavailable } from '../errors.js';

/** What a lookup asks at once, at most. */
const KEYS_MAX = 200;

/** A question that gets no answer (a connection that has gone silent) must not keep the next from being asked. */
const ANSWER_TIMEOUT_MS = 5000;

interface Waiting<Row> {
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Finds rows by their key. While one question is under way, those that come are gathered and asked
 * together after it: an answer is never older than its question, and a crowd costs few statements.
 */
export class BatchLoader<Row> {
  private waiting = new Map<string, Waiting<Row>[]>();
  private isAsking = false;

  /** `ask` returns the rows that there are for some distinct keys, in any order. */
  constructor(
    private readonly ask: (keys: string[]) => Promise<Row[]>,
    private readonly keyOf: (row: Row) => string,
    private readonly timeoutMs = ANSWER_TIMEOUT_MS,
  ) {}

  /** The row of that key; undefined where there is none. */
  find(key: string): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const others = this.waiting.get(key);
      if (others) others.push({ resolve, reject });
      else this.waiting.set(key, [{ resolve, reject }]);
      if (!this.isAsking) void this.askAll();
    });
  }

  private async askAll(): Promise<void> {
    this.isAsking = true;
    while (this.waiting.size > 0) await this.askSome();
    this.isAsking = false;
  }

  private async askSome(): Promise<void> {
    const asked = new Map([...this.waiting].slice(0, KEYS_MAX));
    for (const key of asked.keys()) this.waiting.delete(key);
    try {
      const rows = await this.answer([...asked.keys()]);
      const found = new Map(rows.map((row) => [this.keyOf(row), row]));
      for (const [key, all] of asked) for (const { resolve } of all) resolve(found.get(key));
    } catch (error) {
      for (const all of asked.values()) for (const { reject } of all) reject(error);
    }
  }

  private async answer(keys: string[]): Promise<Row[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Unavailable('The database does not answer.', 1));
      }, this.timeoutMs);
    });
    try {
      return await Promise.race([this.ask(keys), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
