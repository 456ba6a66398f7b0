import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { DatabaseBusy, DatabaseFull, DatabaseNotAnswering } from '../errors.js';
import { toServiceError } from './service-errors.js';

const driverError = (code: string | undefined, message = 'words') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

describe('toServiceError', () => {
  it.each([
    ['SQLITE_BUSY', DatabaseBusy],
    ['SQLITE_LOCKED', DatabaseBusy],
    ['SQLITE_FULL', DatabaseFull],
    ['SQLITE_IOERR', DatabaseNotAnswering],
    ['SQLITE_CANTOPEN', DatabaseNotAnswering],
    ['53300', DatabaseBusy],
    ['53200', DatabaseBusy],
    ['53100', DatabaseFull],
    ['57014', DatabaseBusy],
    ['57P01', DatabaseNotAnswering],
    ['57P03', DatabaseNotAnswering],
    ['08006', DatabaseNotAnswering],
    ['3D000', DatabaseNotAnswering],
    ['28P01', DatabaseNotAnswering],
    ['ECONNREFUSED', DatabaseNotAnswering],
    ['ECONNRESET', DatabaseNotAnswering],
    ['EAI_AGAIN', DatabaseNotAnswering],
  ])('maps %s to 503, raw or wrapped by TypeORM', (code, Fault) => {
    const error = driverError(code);
    expect(toServiceError(error)).toBeInstanceOf(Fault);
    expect(toServiceError(new QueryFailedError('SELECT 1', [], error))).toBeInstanceOf(Fault);
  });

  it.each([
    ['timeout exceeded when trying to connect', DatabaseBusy],
    ['Connection terminated unexpectedly', DatabaseNotAnswering],
    ['Client has encountered a connection error and is not queryable', DatabaseNotAnswering],
  ])('recognises "%s" by its message because it has no code', (words, Fault) => {
    expect(toServiceError(driverError(undefined, words))).toBeInstanceOf(Fault);
  });

  it('maps a host that no address reaches to 503', () => {
    const error = new AggregateError([driverError('ECONNREFUSED'), driverError('EHOSTUNREACH')]);
    expect(toServiceError(error)).toBeInstanceOf(DatabaseNotAnswering);
  });

  it.each([
    '23505',
    '40P01',
    '42P01',
    '22003',
    'SQLITE_CONSTRAINT',
    'SQLITE_ERROR',
    'SQLITE_CORRUPT',
  ])('does not change %s', (code) => {
    const error = new QueryFailedError('SELECT 1', [], driverError(code));
    expect(toServiceError(error)).toBe(error);
  });

  it('does not change other errors, or a fault that was mapped before', () => {
    const fault = new DatabaseFull();
    for (const thrown of [fault, new Error('else'), 'words', undefined])
      expect(toServiceError(thrown)).toBe(thrown);
  });
});
