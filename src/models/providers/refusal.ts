import {
  ProviderBodyTooLarge,
  ProviderBusy,
  ProviderFailed,
  ProviderRefused,
  ProviderRejectedSetup,
  type ProviderError,
  type ProviderReport,
} from '../../errors.js';
import { fieldsOf, type Fields } from '../../json-fields.js';

/** A response with an error status, and the part of its text that was read. */
export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** Maximum length of a provider's text in an error for a caller. */
const DETAIL_MAX_CHARS = 500;
const RETRY_AFTER_SECONDS = { standard: 5, max: 3600 };
const DEFAULT_DETAIL = 'The model refused the request. Nothing was charged.';
/** The shapes of credentials, including those of other services. A provider may repeat what it received. */
const CREDENTIALS = /\b(?:sk|pk|rk|gsk|xai|hf|AIza|Bearer|tally)[-_ ]?[\w.+/=*-]{8,}/gi;
/** A part of our key with this length or more must not be shown. */
const KEY_PART_CHARS = 12;
/** Only this much of a sentence is searched for keys. It is far more than callers are told. */
const SENTENCE_MAX_CHARS = 8192;
/** How deep an error may be nested. Each level needs stack. */
const SENTENCE_LEVELS = 20;

/**
 * Returns the error for a provider's refusal. If the request is at fault, the caller gets the provider's sentence.
 * If the key or the model is at fault, the operator must act, and the error is a failure.
 */
export function errorOf(
  refusal: Refusal,
  key: string | undefined,
  report: ProviderReport,
): ProviderError {
  const { status } = refusal;
  const fullReport = { ...report, upstreamStatus: status, upstreamCode: codeIn(refusal.text, key) };
  if (status === 400 || status === 422) {
    const words = detailOf(refusal.text, key);
    if (isAboutOperator(refusal.text))
      return new ProviderRejectedSetup(words, { report: fullReport });
    const isTooLong = isAboutContext(refusal.text);
    return new ProviderRefused(words, { report: fullReport, isTooLong });
  }
  if (status === 413)
    return new ProviderBodyTooLarge(detailOf(refusal.text, key), { report: fullReport });
  // Anthropic sends 529 if its service is overloaded.
  if (status === 429 || status === 503 || status === 529) {
    const retryAfter = refusal.retryAfter ?? retryDelayIn(refusal.text);
    return new ProviderBusy(retryAfterSeconds(retryAfter), { report: fullReport });
  }
  return new ProviderFailed({ report: fullReport });
}

/** The length of each unit in seconds. The standard has no units, but some servers write `7s` or `1m30s`. */
const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Parses seconds: a number, the first number of a list, or a sum with units. Returns NaN for other text. */
function parseSeconds(text: string): number {
  const [first = ''] = text.split(',');
  const parts = [...first.matchAll(/(\d{1,9}(?:\.\d{1,9})?)\s{0,9}(ms|[smh])[a-z]{0,9}/gi)];
  if (parts.length === 0) return Number(first);
  return parts.reduce(
    (sum, [, number, unit = 's']) => sum + Number(number) * (UNIT_SECONDS[unit.toLowerCase()] ?? 1),
    0,
  );
}

/** Returns `Retry-After` in whole seconds. It may be a number or a date. */
function retryAfterSeconds(retryAfter: string | undefined): number {
  const { standard, max } = RETRY_AFTER_SECONDS;
  const text = retryAfter?.trim() ?? '';
  const isSpan = /^\d/.test(text) && !/^\d{4}-\d\d-/.test(text);
  const parsed = isSpan ? parseSeconds(text) : (Date.parse(text) - Date.now()) / 1000;
  const seconds = Number.isFinite(parsed) ? Math.ceil(parsed) : standard;
  return Math.min(Math.max(seconds, 1), max);
}

/** Returns the `retryDelay` of Google's refusals (`34.07s`). Google sends no `Retry-After`. */
function retryDelayIn(text: string): string | undefined {
  const error = firstFieldsOf(parse(text)?.['error']);
  const delays = detailsOf(error).map((detail) => firstFieldsOf(detail)?.['retryDelay']);
  return delays.find((delay) => typeof delay === 'string');
}

const detailsOf = (error: Fields | undefined): unknown[] =>
  Array.isArray(error?.['details']) ? error['details'] : [];

/** Returns the fields of an object, or of the first object of a list, as Google sends it. */
function firstFieldsOf(value: unknown): Fields | undefined {
  let first = value;
  while (Array.isArray(first)) first = first[0] as unknown;
  return fieldsOf(first);
}

/** Parses a refusal. Some servers also send it as one of the first events of a stream. */
function parse(text: string): Fields | undefined {
  const whole = parseJson(text);
  if (whole || !/^data:/m.test(text)) return whole;
  const events = EVENT_ENDS.flatMap((end) => text.split(end, EVENTS_MAX).map(dataOf));
  return events.map(parseJson).find(Boolean);
}

/** The ends of events: a blank line, and the line end that some servers send instead. */
const EVENT_ENDS = [/(?:\r\n?|\n){2}/, /\r\n?|\n/];
/** A refusal comes early, and each text that is no JSON costs an error. */
const EVENTS_MAX = 8;

function parseJson(text: string): Fields | undefined {
  try {
    return firstFieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const dataOf = (event: string) =>
  event
    .split(/[\r\n]+/)
    .flatMap((line) => /^data:(.*)$/s.exec(line)?.[1] ?? [])
    .join('');

/**
 * Returns the first sentence in the shapes of OpenAI, vLLM, FastAPI, Mistral and Google. Ignores other fields, which
 * may repeat the request.
 */
function sentenceIn(value: unknown, levels = SENTENCE_LEVELS): string | undefined {
  if (typeof value === 'string') return value.trim() || undefined;
  const fields = firstFieldsOf(value);
  if (!fields || levels === 0) return undefined;
  const names = ['error', 'message', 'detail', 'msg', 'errors', 'error_msg', 'error_message'];
  for (const name of names) {
    const sentence = sentenceIn(fields[name], levels - 1);
    if (sentence !== undefined) return sentence;
  }
  return undefined;
}

function detailOf(text: string, key: string | undefined): string {
  const sentence = sentenceIn(parse(text));
  if (sentence === undefined) return DEFAULT_DETAIL;
  const plain = hideKeys(sentence.slice(0, SENTENCE_MAX_CHARS), key).replaceAll(/\p{Cc}+/gu, ' ');
  return Array.from(plain).slice(0, DETAIL_MAX_CHARS).join('');
}

/** Hides keys. Call it before the text is cut, because half a key would not be recognised. */
function hideKeys(text: string, key: string | undefined): string {
  const whole = key === undefined || key === '' ? text : text.replaceAll(key, HIDDEN);
  return hideKeyParts(whole.replaceAll(CREDENTIALS, HIDDEN), key ?? '');
}

const HIDDEN = '[key]';

/** Hides parts of the key, whatever stands beside them: a provider may repeat the end of a key after dots. */
function hideKeyParts(text: string, key: string): string {
  let hidden = text;
  for (let start = 0; start + KEY_PART_CHARS <= key.length; start += 1) {
    let end = start + KEY_PART_CHARS;
    if (!hidden.includes(key.slice(start, end))) continue;
    while (end < key.length && hidden.includes(key.slice(start, end + 1))) end += 1;
    hidden = hidden.replaceAll(key.slice(start, end), HIDDEN);
  }
  return hidden;
}

/** Returns the error code if it is a short word, because a provider may send anything there. */
function codeIn(text: string, key: string | undefined): string | undefined {
  const fields = parse(text);
  const inner = firstFieldsOf(fields?.['error']) ?? fields;
  const code = inner?.['code'] ?? inner?.['type'];
  if (typeof code !== 'string' && typeof code !== 'number') return undefined;
  const word = String(code);
  return /^[\w.-]{1,64}$/.test(word) && hideKeys(word, key) === word ? word : undefined;
}

/**
 * Codes that some servers send with 400 while others send 401, 402, 403 or 404: Google for an unknown key,
 * Anthropic for an account without credit, Alibaba for an account in debt, OpenRouter for an unknown model.
 */
const OPERATOR_CODES =
  /^(?:api_key_invalid|invalid_api_key|incorrect_api_key|authentication_error|permission_error|permission_denied|unauthorized|arrearage|billing_[a-z_]+|insufficient_(?:quota|balance|credits?)|account_[a-z_]+|model_?not_?found|unsupported_country_region_territory)$/i;
const OPERATOR_WORDS =
  /api[ _-]?key (?:is )?(?:not (?:valid|found)|invalid|expired|missing|disabled|required)|(?:invalid|incorrect|missing|expired|no) (?:x-)?api[ _-]?key|credit balance is too low|insufficient (?:balance|credits?|quota)|billing (?:hard )?limit|user location is not supported|^(?:invalid|unknown|no such) model\b|is not a valid model(?: id)?\b(?! param)|\bmodel(?:[ :`'"]{1,4}\S{1,100})? (?:does not exist|(?:was )?not found)|\bmodel[ :`'"]{1,4}[\w./:-]{1,100}[`'"]? is not available/i;

/** Checks whether a refusal is about the operator's key, account or model, and not about the request. */
function isAboutOperator(text: string): boolean {
  const fields = parse(text);
  const inner = firstFieldsOf(fields?.['error']) ?? fields;
  const codes = [
    ...[inner?.['code'], inner?.['type'], inner?.['status'], fields?.['code']],
    ...detailsOf(inner).map((detail) => firstFieldsOf(detail)?.['reason']),
  ];
  const isCoded = codes.some((code) => typeof code === 'string' && OPERATOR_CODES.test(code));
  return isCoded || OPERATOR_WORDS.test(sentenceIn(fields) ?? '');
}

const CONTEXT_WORDS =
  /context[ _-]?(?:length|window|size|limit)|maximum context|maximum (?:prompt|input) length|range of input length|prompt exceeds max|request exceeded model token limit|max_new_tokens. must be|(?<!tool )\b(?:prompt|input)(?: tokens)?(?: is| are)? too long|too many (?:input )?tokens|exceeds? the (?:model'?s )?(?:context|maximum (?:number of )?(?:input )?tokens)/i;

/** Checks the provider's code and sentence for a context that is too long. Ignores what it repeats of the request. */
function isAboutContext(text: string): boolean {
  const fields = parse(text);
  const inner = firstFieldsOf(fields?.['error']) ?? fields;
  const words = [inner?.['code'], inner?.['type'], sentenceIn(fields)];
  return words.some((word) => typeof word === 'string' && CONTEXT_WORDS.test(word));
}
