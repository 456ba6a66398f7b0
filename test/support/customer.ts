import type { Answer, Caller } from './client.js';
import type { SeededRandom } from './seeded-random.js';

/** A message and what its sender knows of the answer. `unknown`: the connection broke before an answer. */
export interface Sent {
  readonly message: string;
  readonly key: string | undefined;
  readonly conversation: string | undefined;
  outcome: 'under way' | 'answered' | 'refused' | 'unknown';
  turnId?: string;
  raw?: string;
}

const RETRY_MS = 100;
const RETRIES_MAX = 300;
const DISCONNECT_WITHIN_MS = 20;
/** The amount of a grant by a customer that is staff. */
export const GRANT_AMOUNT = 50;

/**
 * A customer, who is also staff, that chats, retries, redeems, grants and disconnects at random. It records the
 * answers. An answer that a correct service never sends is an error at once.
 */
export class Customer {
  readonly sent = new Map<string, Sent>();
  /** Codes whose credit was confirmed, with the key that was used. */
  readonly redeemed = new Map<string, string | undefined>();
  /** Keys of the requested grants, and whether they were confirmed. */
  readonly granted = new Map<string, boolean>();

  /** The id of a conversation that some messages continue. Each message waits for the one before. */
  private conversationId: string | undefined;

  constructor(
    public caller: Caller,
    private readonly random: SeededRandom,
    private readonly codes: readonly string[],
  ) {}

  get username(): string {
    return this.caller.username;
  }

  /** Does one random action. Returns false if the connection broke. */
  async act(): Promise<boolean> {
    const roll = this.random.next();
    if (roll < 0.7) return this.chat(this.compose());
    if (roll < 0.9) return this.retry();
    if (roll < 0.95) return this.redeem();
    if (roll < 0.98) return this.grant();
    return this.readBalance();
  }

  /** Does one action of each recorded kind, so that random actions can repeat it. */
  async actOnce(): Promise<void> {
    const sent = this.compose();
    await this.chat(sent, false);
    await this.redeem();
    await this.grant();
  }

  /** Repeats every key without an answer until it has one. Call it when no other request is open. */
  async settle(): Promise<void> {
    for (const sent of this.sent.values()) {
      if (sent.key === undefined || sent.outcome === 'answered') continue;
      sent.outcome = 'unknown';
      for (let tries = 1; (sent.outcome as string) === 'unknown'; tries += 1) {
        await this.chat(sent, false);
        if (tries === RETRIES_MAX) throw new Error(`${sent.key} is still unknown`);
        if ((sent.outcome as string) === 'unknown') await pause(RETRY_MS);
      }
    }
    for (const key of this.granted.keys()) {
      for (let tries = 0; this.granted.get(key) === false; tries += 1) {
        await this.grantOnce(key);
        if (tries === RETRIES_MAX) throw new Error(`${key} is still unknown`);
      }
    }
  }

  /** Requests a new grant, or repeats an earlier one, which must not count twice. */
  private async grant(): Promise<boolean> {
    const earlier = this.random.chance(0.5)
      ? this.random.pick([...this.granted.keys()])
      : undefined;
    return this.grantOnce(earlier ?? `grant-${this.username}-${String(this.granted.size)}`);
  }

  private async grantOnce(key: string): Promise<boolean> {
    if (!this.granted.has(key)) this.granted.set(key, false);
    const path = `/api/admin/users/${this.username}/grants/`;
    const answer = await this.ask(path, { amount: GRANT_AMOUNT, reason: 'load' }, key);
    if (!answer) return false;
    if (answer.status === 201) this.granted.set(key, true);
    else if (![409, 503].includes(answer.status)) throw invalidAnswer(key, answer);
    return true;
  }

  private compose(): Sent {
    const message = `${this.username} says ${String(this.sent.size)}`;
    const key = this.random.chance(0.6) ? `key-of-${message.replaceAll(' ', '-')}` : undefined;
    const conversation = this.random.chance(0.1) ? this.conversationId : undefined;
    const sent: Sent = { message, key, conversation, outcome: 'under way' };
    this.sent.set(message, sent);
    return sent;
  }

  private async chat(sent: Sent, mayDisconnect = true): Promise<boolean> {
    const wasAnswered = sent.outcome === 'answered';
    const disconnects = mayDisconnect && this.random.chance(0.05);
    const { message, conversation } = sent;
    const answer = await this.ask('/api/chat/', { message, conversation }, sent.key, disconnects);
    if (!answer) {
      if (!isAnswered(sent)) sent.outcome = 'unknown';
      return disconnects;
    }
    const { status, raw, headers } = answer;
    if (status === 200) {
      recordAnswer(sent, String(headers['turn-id']), raw);
      this.conversationId ??= String(headers['conversation-id']);
      return true;
    }
    const mayComeAfterAnswer = status === 503;
    if (![402, 409, 503].includes(status) || (wasAnswered && !mayComeAfterAnswer)) {
      throw invalidAnswer(message, answer);
    }
    if (!isAnswered(sent)) {
      // Without a key no other request repeats it, so any refusal means that nothing was charged.
      sent.outcome = status === 402 || sent.key === undefined ? 'refused' : 'unknown';
    }
    return true;
  }

  private async retry(): Promise<boolean> {
    const sent = this.random.pick([...this.sent.values()].filter(({ key }) => key !== undefined));
    return sent ? this.chat(sent) : true;
  }

  private async redeem(): Promise<boolean> {
    const code = this.random.pick(this.codes);
    if (code === undefined) return true;
    const key = this.random.chance(0.5) ? `redeem-${code}` : undefined;
    const mustReplay = key !== undefined && this.redeemed.get(code) === key;
    const answer = await this.ask('/api/wallet/redeem/', { code }, key);
    if (!answer) return false;
    const { status } = answer;
    if (status === 200) this.redeemed.set(code, key);
    // 409: the customer's other client redeems the code with the same key at this moment.
    else if (status !== 503 && (mustReplay || !(status === 400 || (status === 409 && key))))
      throw invalidAnswer(code, answer);
    return true;
  }

  private async readBalance(): Promise<boolean> {
    const answer = await this.caller.get('/api/token-balance/').catch(undefinedIfBroken);
    const { tokens } = (answer?.body ?? {}) as { tokens?: number };
    if (tokens !== undefined && tokens < 0) throw new Error(`a balance of ${String(tokens)}`);
    return answer !== undefined;
  }

  /** Returns undefined if either side broke the connection. */
  private async ask(
    path: string,
    body: object,
    key: string | undefined,
    disconnects = false,
  ): Promise<Answer | undefined> {
    const signal = disconnects
      ? AbortSignal.timeout(this.random.below(DISCONNECT_WITHIN_MS))
      : undefined;
    const headers = key === undefined ? {} : { 'Idempotency-Key': key };
    return this.caller.send('POST', path, body, headers, signal).catch(undefinedIfBroken);
  }
}

/** The errors of a connection that the service or its customer closed. All other errors are thrown again. */
const BROKEN = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ABORT_ERR'];

function undefinedIfBroken(error: NodeJS.ErrnoException): undefined {
  if (!BROKEN.includes(error.code ?? '')) throw error;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A function, because other requests change the outcome during a wait. */
const isAnswered = (sent: Sent) => sent.outcome === 'answered';

const invalidAnswer = (what: string, { status, raw }: Answer) =>
  new Error(`${what}: ${String(status)} ${raw}`);

function recordAnswer(sent: Sent, turnId: string, raw: string): void {
  if (isAnswered(sent) && (sent.turnId !== turnId || sent.raw !== raw)) {
    throw new Error(`${sent.message}: two answers, ${String(sent.raw)} and ${raw}`);
  }
  Object.assign(sent, { outcome: 'answered', turnId, raw });
}
