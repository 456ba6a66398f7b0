import { describe, expect, it } from '@jest/globals';
import { passwordFaults } from './password-rules.js';

const ada = { username: 'ada_lovelace', email: 'countess@analytical.example' };
const SHORT = 'This password is too short. It must contain at least 8 characters.';
const WELL_KNOWN = 'This password is too common.';
const NUMERIC = 'This password is entirely numeric.';
const similarTo = (what: string) => `The password is too similar to the ${what}.`;

describe('passwordFaults', () => {
  it.each([
    'strongpassword123',
    'Str0ng-pass-1',
    '  padded  pass  ',
    'пароль-пароль',
    '😀'.repeat(8),
  ])('finds no fault in %s', async (password) => {
    expect(await passwordFaults(password, ada)).toEqual([]);
  });

  it.each([
    ['1234', [SHORT, WELL_KNOWN, NUMERIC]],
    ['74918365520', [NUMERIC]],
    ['٠١٢٣٤٥٦٧٨٩', [NUMERIC]],
    ['xQ7-zz', [SHORT]],
    ['😀'.repeat(7), [SHORT]],
    ['a\u0308o\u0308u\u0308-7', [SHORT]],
    ['ﷺ', [SHORT]],
    ['ｐａｓｓｗｏｒｄ', [WELL_KNOWN]],
    ['password', [WELL_KNOWN]],
    [' PassWord ', [WELL_KNOWN]],
    ['ada_lovelace1', [similarTo('username')]],
    ['ecalevol_ada', [similarTo('username')]],
    ['1analytical', [similarTo('email address')]],
    ['Countess9', [similarTo('email address')]],
  ])('reports every fault of %s in the order of the Django service', async (password, faults) => {
    expect(await passwordFaults(password, ada)).toEqual(faults);
  });

  it('skips the comparison with the e-mail if the user has none', async () => {
    expect(await passwordFaults('analytical1', { ...ada, email: '' })).toEqual([]);
  });
});
