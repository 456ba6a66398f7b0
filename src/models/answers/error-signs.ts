import { isErrorName } from './event-reader.js';
import { fieldsOf, type Fields } from '../../json-fields.js';

/** Checks for the forms in which servers send an error inside a stream. Examples are in docs/models.md. */
export function isError(chunk: Fields, choice: Fields | undefined): boolean {
  if (hasErrorType(chunk)) return true;
  if (!choice && isBrokenStatus(chunk['type'])) return true;
  if (saysFailure(chunk['error']) || saysFailure(fieldsOf(chunk['x_groq'])?.['error'])) return true;
  if (choice && isChoiceOfError(choice)) return true;
  const baseResponse = fieldsOf(chunk['base_resp']);
  if (isFaultCode(baseResponse?.['status_code'])) return true;
  return !choice && (reportsFailure(chunk) || firstEntries(chunk).some(containsError));
}

/** Checks a choice. Its other fields may report anything: a filter, a tool or the place of a text. */
function isChoiceOfError(choice: Fields): boolean {
  if (isErrorField('error_code', choice['error_code'] ?? choice['errorCode'])) return true;
  if (saysFailure(choice['error_message'] ?? choice['error_msg'])) return true;
  const places = [choice, fieldsOf(choice['delta']), fieldsOf(choice['message'])];
  return places.some((place) => saysFailure(place?.['error']));
}

/** The patterns of values, by what they mean. Some servers send words of success with each event. */
const VALUES = {
  success:
    /^(?:ok(?:ay)?|n(?:one|ull|il|ormal|\/a)|undefined|false|no[ _-]errors?|done|(?:request )?(?:success(?:ful(?:ly)?)?|succeeded|completed?)|(?:请求)?成功|正常|0|-)[.!。]?$/i,
  successCode: /^(?:0+|2\d\d)?$/,
  /** Part of every word for an error. */
  errorSign: /error|exception|fail/i,
  errorType: /[a-z\d](?:Error|Exception|Failed|Failure)$/,
  /** A status that means that the answer broke off, without a word for an error. A sentence is about something else. */
  brokenStatus:
    /^(?:[\w.-]*[._-]|\w+ )?(?:abort(?:ed)?|cancell?ed|crashed|overloaded|timed?[ _-]?out|unavailable)$/i,
};

/** The longest name or word that is read, because the time of some patterns grows with the square of it. */
const WORD_MAX_CHARS = 200;
/** How many fields of an event without a choice are read. */
const FIELDS_MAX = 200;

/** The patterns of fields, by what they contain. Names are in lower case, with `_` between their words. */
const NAMES = {
  error:
    /(?:^|_)(?:err(?:or)?(?:s|msg|message)?|exceptions?|fault|failed|failures?|traceback)(?:_|$)/,
  errorCode: /(?:^|_)err.*(?:code|no)$/,
  code: /^(?:code|ret|retcode|ret_code)$/,
  message: /^(?:message|msg|detail)$/,
  /** The status of the answer. */
  status: /^(?:status|status_code|status_text|state)$/,
  /** Words that may also be about a tool. */
  outcome: /^(?:result|event)$/,
  success: /^(?:is_)?(?:success|ok)$/,
  /** Something that may fail without an end of the answer. */
  news: /^(?:usage|warn(?:ing)?s?|(?:\w+_)?tools?(?:_\w+)?)$/,
};

/** Checks for a word, or a name with a last word, for a failure: `upstream_error`, `InternalServerException`. */
const isErrorWord = (word: unknown): boolean =>
  typeof word === 'string' &&
  word.length <= WORD_MAX_CHARS &&
  // Asked several times for each word of an answer, so first the test that is cheap and nearly always enough.
  VALUES.errorSign.test(word) &&
  !isSuccessWord(word) &&
  (isErrorName(word.trim().replaceAll(/\s/g, '_')) || VALUES.errorType.test(word));

const hasErrorType = (chunk: Fields) => isErrorWord(chunk['object']) || isErrorWord(chunk['type']);

/**
 * Checks whether an event without a choice is about a tool, by its name or its type. A tool may fail, and the answer
 * goes on. Only a type that is itself a word for an error, such as `tool_error`, is an error.
 */
export const isAboutTool = (name: string, chunk: Fields) =>
  isToolWord(name) || (isToolWord(chunk['type']) && !hasErrorType(chunk));

/** Checks for the name or the type of an event about a tool, or the type of a part of it. */
export const isToolWord = (type: unknown) =>
  typeof type === 'string' &&
  /(?:^|[._-])(?:(?:tool|function)(?:[._-]|$)|call(?:_output)?$)/i.test(type);

/** Checks for content: some servers send an error object whose fields are all empty. */
export function hasContent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  return Object.values(value).some(hasContent);
}

/** Returns the name in lower case, with `_` between its words. Servers write `error_code`, `errorCode` and `APIError`. */
const plainName = (name: string) =>
  name
    .slice(0, WORD_MAX_CHARS)
    .replaceAll(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3_$2')
    .replaceAll(/[-.\s]/g, '_')
    .toLowerCase();

/** Checks an event without a choice. */
const reportsFailure = (chunk: Fields) =>
  firstEntries(chunk).some(([field, value]) => {
    const name = plainName(field);
    if (NAMES.message.test(name)) return saysFailure(value);
    return NAMES.code.test(name) ? isFaultCode(value) : isErrorField(name, value);
  });

/** Checks a field of such an event. A code or a message alone may mean anything there. */
function containsError([field, value]: [string, unknown]): boolean {
  const fields = fieldsOf(value);
  if (!fields || NAMES.news.test(plainName(field)) || isToolWord(fields['type'])) return false;
  if (isFaultCode(fields['code']) && saysFailure(fields['message'])) return true;
  // What else has a status may break off, and the answer goes on.
  const isBroken = field === 'response' ? isBrokenStatus : isErrorWord;
  return firstEntries(fields).some(([inner, said]) =>
    isErrorField(plainName(inner), said, isBroken),
  );
}

const firstEntries = (fields: Fields) => Object.entries(fields).slice(0, FIELDS_MAX);

function isErrorField(name: string, value: unknown, isBroken = isBrokenStatus): boolean {
  if (NAMES.success.test(name)) return value === false || value === 'false';
  if (NAMES.status.test(name)) return isBroken(value) || (isPlain(value) && Number(value) >= 400);
  // A sentence there is the result of a tool, and not about the answer.
  if (NAMES.outcome.test(name)) return isBroken(value) && !/\s/.test(String(value).trim());
  if (NAMES.errorCode.test(name)) return isPlain(value) ? isFaultCode(value) : hasContent(value);
  return NAMES.error.test(name) && saysFailure(value);
}

/** Checks for a word for an error, or another word that says that the answer broke off. */
export const isBrokenStatus = (status: unknown): boolean =>
  isErrorWord(status) ||
  (typeof status === 'string' &&
    status.length <= WORD_MAX_CHARS &&
    VALUES.brokenStatus.test(status.trim()));

/** Checks for content that is no report of success. */
export function saysFailure(value: unknown): boolean {
  // Asked several times for each word of an answer, nearly always of nothing.
  if (!value) return false;
  if (typeof value === 'string') return !isSuccessWord(value);
  const { code, ...others } = fieldsOf(value) ?? {};
  const isSuccess = isPlain(code) && !isFaultCode(code);
  return isSuccess ? Object.values(others).some(saysFailure) : hasContent(value);
}

/** Checks for a code other than the codes that mean success. */
const isFaultCode = (code: unknown) =>
  isPlain(code) && !isSuccessWord(String(code)) && !VALUES.successCode.test(String(code).trim());

const isSuccessWord = (word: string) => VALUES.success.test(word.trim());

const isPlain = (value: unknown): value is string | number =>
  typeof value === 'string' || typeof value === 'number';
