import { isErrorName } from './event-reader.js';
import { fieldsOf, type Fields } from './fields.js';

/** Checks for the forms in which servers send an error inside a stream. Examples are in docs/models.md. */
export function isError(chunk: Fields, choice: Fields | undefined): boolean {
  if (hasContent(chunk['error']) || hasContent(choice?.['error'])) return true;
  if (hasContent(fieldsOf(chunk['x_groq'])?.['error'])) return true;
  if (hasContent(fieldsOf(choice?.['delta'])?.['error'])) return true;
  if (hasContent(fieldsOf(choice?.['message'])?.['error'])) return true;
  if (isErrorWord(chunk['object']) || isErrorWord(chunk['type'])) return true;
  const baseResponse = fieldsOf(chunk['base_resp']);
  if (isFaultCode(baseResponse?.['status_code'])) return true;
  return !choice && (reportsFailure(chunk) || Object.entries(chunk).some(containsError));
}

/** The sentence of servers that send `code` and `message` with each event (Spark). */
const SUCCESS_WORD = /^(?:ok|none|null|no[ _-]error|success|successful|succeeded|成功)$/i;

/** Checks for a word, or a name with a last word, for a failure: `upstream_error`, `InternalServerException`. */
export const isErrorWord = (word: unknown): boolean =>
  typeof word === 'string' &&
  // Asked several times for each word of an answer, so first the test that is cheap and nearly always enough.
  /error|exception|fail/i.test(word) &&
  !SUCCESS_WORD.test(word.trim()) &&
  (isErrorName(word.trim().replaceAll(/\s/g, '_')) ||
    /[a-z\d](?:Error|Exception|Failed|Failure)$/.test(word));

/** Checks for content: some servers send an error object whose fields are all empty. */
export function hasContent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  return Object.values(value).some(hasContent);
}

const ERROR_NAME =
  /(?:^|_)(?:err(?:or)?(?:s|msg|message)?|exceptions?|fault|failed|failures?|traceback)(?:_|$)/;
const ERROR_CODE_NAME = /(?:^|_)err.*(?:code|no)$/;
/** Fields with news that do not end the answer. */
const NEWS_NAME = /^warn(?:ing)?s?$/;
const CODE_NAME = /^(?:code|ret|retcode|ret_code)$/;
const MESSAGE_NAME = /^(?:message|msg|detail)$/;
const STATUS_NAME = /^(?:status|status_code|status_text|state|result|event)$/;
const SUCCESS_NAME = /^(?:is_)?(?:success|ok)$/;

/** Returns the name in lower case, with `_` between its words. Servers write `error_code`, `errorCode` and `APIError`. */
const plainName = (name: string) =>
  name
    .replaceAll(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .replaceAll(/[-.\s]/g, '_')
    .toLowerCase();

/** Checks an event without a choice. */
const reportsFailure = (chunk: Fields) =>
  Object.entries(chunk).some(([field, value]) => {
    const name = plainName(field);
    if (MESSAGE_NAME.test(name)) return saysFailure(value);
    return CODE_NAME.test(name) ? isFaultCode(value) : isErrorField(name, value);
  });

/** Checks a field of such an event. A code or a message alone may mean anything there. */
function containsError([field, value]: [string, unknown]): boolean {
  const fields = fieldsOf(value);
  if (!fields || NEWS_NAME.test(plainName(field))) return false;
  if (isFaultCode(fields['code']) && saysFailure(fields['message'])) return true;
  return Object.entries(fields).some(([inner, said]) => isErrorField(plainName(inner), said));
}

function isErrorField(name: string, value: unknown): boolean {
  if (SUCCESS_NAME.test(name)) return value === false;
  if (STATUS_NAME.test(name)) return isErrorStatus(name, value);
  if (ERROR_CODE_NAME.test(name))
    return typeof value === 'string' || typeof value === 'number'
      ? isFaultCode(value)
      : hasContent(value);
  return ERROR_NAME.test(name) && saysFailure(value);
}

/** Checks a status. A result or an event may be that of a tool. It is a sentence then, and not about the answer. */
function isErrorStatus(name: string, value: unknown): boolean {
  if (name.startsWith('sta'))
    return isErrorWord(value) || (typeof value !== 'object' && Number(value) >= 400);
  return typeof value === 'string' && !/\s/.test(value.trim()) && isErrorWord(value);
}

/** Checks for content that is no report of success. */
function saysFailure(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && !SUCCESS_WORD.test(value.trim());
  const { code, ...others } = fieldsOf(value) ?? {};
  const isSuccess = (typeof code === 'number' || typeof code === 'string') && !isFaultCode(code);
  if (!isSuccess) return hasContent(value);
  return Object.values(others).some(saysFailure);
}

/** Checks for a code other than the codes that mean success. */
const isFaultCode = (code: unknown) =>
  (typeof code === 'number' || typeof code === 'string') &&
  !/^(?:0+|2\d\d|ok|none|null|no[ _-]error|success)?$/i.test(String(code).trim());
