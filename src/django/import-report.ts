import type { Decision } from './people.js';

/** Number of users named for each kind of fault or note. */
const NAMED_MAX = 20;

/** The users of one kind, of whom some are named. */
class Kind {
  private readonly names: string[] = [];
  count = 0;

  add(name: string): void {
    this.count += 1;
    if (this.names.length < NAMED_MAX) this.names.push(name);
  }

  toString(): string {
    const more = this.count > this.names.length ? ', …' : '';
    return `${String(this.count)} (${this.names.join(', ')}${more})`;
  }
}

/** The findings and the results of an import. */
export class ImportReport {
  faultCount = 0;
  private existingCount = 0;
  private hasStarted = false;
  private readonly done = { people: 0, tokens: 0, messages: 0, balance: 0 };
  private readonly faults = new Map<string, Kind>();
  private readonly notes = new Map<string, Kind>();

  constructor(private readonly messagesWithoutUser: number) {}

  /** Records the findings about one user. */
  addFinding(decision: Decision): void {
    const { person, verdict } = decision;
    const name = `${person.username.slice(0, 150)} (id ${person.djangoId})`;
    if (verdict === 'imported') this.existingCount += 1;
    if (verdict === 'invalid') {
      this.faultCount += 1;
      add(this.faults, decision.reason, name);
    }
    if (verdict !== 'new') return;
    if (person.unknownHasher !== '') {
      const note = `password hashed by ${person.unknownHasher}: they need a new one (password-link)`;
      add(this.notes, note, name);
    }
  }

  /** Marks the start of writing. Without it, the report says that nothing was imported. */
  markStarted(): void {
    this.hasStarted = true;
  }

  count(more: Partial<typeof this.done>): void {
    for (const [name, number] of Object.entries(more))
      this.done[name as keyof typeof more] += number;
  }

  /** Number of users imported in this run. */
  get people(): number {
    return this.done.people;
  }

  /** Whether the import ran and left out no user. */
  get isComplete(): boolean {
    return this.hasStarted && this.faultCount === 0;
  }

  toString(): string {
    const { people, tokens, messages, balance } = this.done;
    const lines = this.hasStarted
      ? [
          `imported: ${String(people)} users, ${String(tokens)} tokens, ${String(messages)} messages, a balance of ${String(balance)}`,
        ]
      : ['nothing was imported: mend these, or give --skip to leave them out'];
    if (this.existingCount > 0) lines.push(`here from before: ${String(this.existingCount)} users`);
    for (const [reason, kind] of this.faults) lines.push(`left out: ${reason}: ${String(kind)}`);
    for (const [note, kind] of this.notes) lines.push(`${note}: ${String(kind)}`);
    if (this.messagesWithoutUser > 0) {
      lines.push(`messages of nobody, left out: ${String(this.messagesWithoutUser)}`);
    }
    return lines.join('\n');
  }
}

function add(kinds: Map<string, Kind>, what: string, name: string): void {
  const kind = kinds.get(what) ?? new Kind();
  kind.add(name);
  kinds.set(what, kind);
}
