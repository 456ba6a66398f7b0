import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { readSound } from './body-field.js';
import { BooleanField } from './boolean-field.js';
import { TextField } from './text-field.js';
import { NumberField } from './number-field.js';

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
  fc.constantFrom(
    undefined,
    '',
    ' ',
    ' a ',
    'true',
    'false',
    true,
    '7',
    7,
    10,
    -1,
    1.5,
    'toolong',
    '\0',
  ),
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

describe('a request body that is sound', () => {
  it.each([Named, Whole])(
    'is what class-validator takes, read as class-transformer does',
    (type) => {
      const seen = { sound: 0, refused: 0 };
      const check = (body: object) => {
        const sound = readSound(type, body);
        const dto = plainToInstance(type, body, { excludeExtraneousValues: true });
        const errors = validateSync(dto, { forbidUnknownValues: false });
        if (!sound) expect(errors.length).toBeGreaterThan(0);
        else {
          expect(errors).toEqual([]);
          expect(sound).toStrictEqual(dto);
        }
        seen[sound ? 'sound' : 'refused'] += 1;
      };
      fc.assert(fc.property(bodies, check), { numRuns: 1000 });
      check({ name: 'ada', count: 3, other: 'left out' });
      expect(Math.min(seen.sound, seen.refused)).toBeGreaterThan(20);
    },
  );
});
