import { describe, expect, it } from '@jest/globals';
import { IsIn, IsInt, IsOptional, IsString, ValidateIf, validateSync } from 'class-validator';
import fc from 'fast-check';
import { seed } from '../../test/support/seeded-random.js';
import { BooleanField } from './boolean-field.js';
import { Nested } from './field-decorators.js';
import { readFields } from './field-reader.js';
import { NumberField } from './number-field.js';
import { TextField } from './text-field.js';

class Named {
  @TextField({ maxCodePoints: 5 })
  name!: string;

  @TextField({ optional: true, mayBeNull: true, whiteSpace: 'keep' })
  note?: string | null;
}

class Whole extends Named {
  @NumberField({ min: 0, max: 9, mayBeNull: true })
  count!: number | null;

  @BooleanField({ optional: true })
  isOpen?: boolean;
}

const anything = fc.oneof(
  fc.jsonValue(),
  fc.bigInt({ min: -20n, max: 20n }),
  fc.constantFrom(undefined, '', ' ', ' a ', 'true', 'false', true, '7', 7, 10, -1, 1.5),
  fc.constantFrom('toolong', '\0', '\0\ud800 and too long', '\ud800'),
);
const mostly = (...good: unknown[]) => fc.oneof(anything, fc.constantFrom(...good));
const bodies = fc.record(
  {
    name: mostly('ada', ' b '),
    note: mostly(null, '  '),
    count: mostly(3, '7', 9n),
    isOpen: mostly(true, 'false'),
    other: anything,
  },
  { requiredKeys: [] },
);

describe('readFields', () => {
  it.each([Named, Whole])('accepts and refuses the same fields as class-validator', (type) => {
    const seen = { sound: 0, refused: 0 };
    const check = (body: object) => {
      const { dto, faults } = readFields<Named>(type, body);
      const errors = validateSync(dto, { forbidUnknownValues: false });
      const paths = faults.map(({ path }) => path);
      expect([...new Set(paths)]).toEqual(errors.map(({ property }) => property));
      for (const { property, constraints = {} } of errors) {
        const sentences = Object.values(constraints);
        const found = faults.filter(({ path }) => path === property);
        expect(found.length).toBeGreaterThan(0);
        // After a rule that is reported alone, class-validator also checks the later rules, which have no meaning
        // then.
        expect(sentences.slice(0, found.length)).toEqual(found.map(({ sentence }) => sentence));
      }
      expect(dto).not.toHaveProperty('other');
      seen[faults.length === 0 ? 'sound' : 'refused'] += 1;
    };
    fc.assert(fc.property(bodies, check), { seed, numRuns: 1000 });
    check({ name: 'ada', count: 3, other: 'left out' });
    expect(Math.min(seen.sound, seen.refused)).toBeGreaterThan(20);
  });

  it('reports all faults of a text in order, or a single fault if the others would be meaningless', () => {
    const sentences = (name: unknown) =>
      readFields(Named, { name }).faults.map(({ sentence }) => sentence);
    expect(sentences('\0\ud800 and too long')).toEqual([
      'Ensure this field has no more than 5 characters.',
      'Null characters are not allowed.',
      'Surrogate characters are not allowed: U+D800.',
    ]);
    expect(sentences(' ')).toEqual(['This field may not be blank.']);
    expect(sentences(1.5)).toEqual(['Not a valid string.']);
    expect(sentences(null)).toEqual(['This field may not be null.']);
    expect(sentences(undefined)).toEqual(['This field is required.']);
  });

  it('runs each rule once', () => {
    const asked: string[] = [];
    class Once {
      @TextField({ rule: { test: (text) => asked.push(text) > 1, message: 'Not the first.' } })
      word!: string;
    }
    expect(readFields(Once, { word: 'a' }).faults).toEqual([
      { path: 'word', sentence: 'Not the first.' },
    ]);
    expect(readFields(Once, { word: 'b' }).faults).toEqual([]);
    expect(asked).toEqual(['a', 'b']);
  });

  it('uses the default of the class for a missing field', () => {
    class Kind {
      @IsIn(['a', 'b'], { message: 'One of a and b.' })
      kind = 'a';
    }
    expect(readFields(Kind, {}).dto).toEqual({ kind: 'a' });
    expect(readFields(Kind, { kind: 'b' }).dto).toEqual({ kind: 'b' });
    expect(readFields(Kind, { kind: null }).faults).toHaveLength(1);
  });
});

class Leaf {
  @IsInt({ message: 'Not whole.' })
  size!: number;

  @ValidateIf(({ size }: Leaf) => size > 1)
  @IsString({ message: 'Not text.' })
  why?: string;
}

class Tree {
  @Nested(() => Leaf, { each: true, message: 'No leaf.' })
  leaves!: Leaf[];

  @IsOptional()
  @Nested(() => Leaf, { message: 'No leaf.' })
  first?: Leaf | null;
}

describe('readFields of nested objects', () => {
  it('makes instances of their classes', () => {
    const { dto, faults } = readFields(Tree, {
      leaves: [{ size: 1, why: 2, other: 3 }],
      first: null,
    });
    expect(faults).toEqual([]);
    expect(dto.leaves[0]).toBeInstanceOf(Leaf);
    expect(dto).toEqual({ leaves: [{ size: 1, why: 2 }], first: null });
  });

  it('reports the path of each fault', () => {
    const given = { leaves: [{ size: 1 }, null, [], { size: 2 }, {}], first: { size: '1' } };
    expect(readFields(Tree, given).faults).toEqual([
      { path: 'leaves[1]', sentence: 'No leaf.' },
      { path: 'leaves[2]', sentence: 'No leaf.' },
      { path: 'leaves[3].why', sentence: 'Not text.' },
      { path: 'leaves[4].size', sentence: 'Not whole.' },
      { path: 'first.size', sentence: 'Not whole.' },
    ]);
    expect(readFields(Tree, { leaves: 5 }).faults).toEqual([
      { path: 'leaves', sentence: 'No leaf.' },
    ]);
  });

  it('reports unknown fields at every depth if asked to', () => {
    const given = { leaves: [{ size: 1, more: 1 }], extra: 1 };
    expect(readFields(Tree, given, { unknownField: 'Not known.' }).faults).toEqual([
      { path: 'extra', sentence: 'Not known.' },
      { path: 'leaves[0].more', sentence: 'Not known.' },
    ]);
  });
});

describe('readFields of a class that it cannot read', () => {
  it('throws for a rule without a message, and for a rule on each item of a list', () => {
    class Silent {
      @IsInt()
      size!: number;
    }
    class Each {
      @IsInt({ each: true, message: 'Not whole.' })
      sizes!: number[];
    }
    expect(() => readFields(Silent, { size: 1 })).toThrow('rule isInt of size');
    expect(() => readFields(Each, { sizes: [1] })).toThrow('rule isInt of sizes');
  });
});
