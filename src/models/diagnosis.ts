import { ProviderError, ProviderRefused, ProviderRejectedSetup } from '../errors.js';

/** What a failed request shows about the settings of its model. */
export interface Diagnosis {
  /** `right`, `wrong`, `none` if no key is sent, or `?` if the failure shows nothing about it. */
  readonly key: string;
  readonly name: string;
  /** The fault, for the operator. Empty if there is none. */
  readonly fault: string;
}

const KEY_WORDS = /api[ _-]?key|credential|unauthori[sz]ed|authenticat/i;
const NAME_WORDS = /model.*(?:not|unknown|invalid|exist|found)|(?:unknown|invalid|no such) model/is;
const LIMIT_WORDS = /max_tokens|max_completion_tokens|output tokens|completion tokens/i;

/** Describes a provider's failure in plain words, and what it shows about the key and the model's name. */
export function diagnosisOf(error: unknown, waitMs: number): Diagnosis {
  if (!(error instanceof ProviderError)) return unknownFault(reasonWithoutReport(error, waitMs));
  const { upstreamStatus: status, upstreamCode: code, reason = '' } = error.report ?? {};
  if (error instanceof ProviderRefused) return diagnosisOfRefusal(error.message);
  if (error instanceof ProviderRejectedSetup) return diagnosisOfRefusal(error.providerText);
  const prefix = `the provider answered ${String(status)}`;
  switch (status) {
    case undefined:
      return unknownFault(reasonWithoutStatus(reason));
    case 401:
    case 403:
      return { key: 'wrong', name: '?', fault: `${prefix}: it does not take the key` };
    case 402:
      return { key: 'right', name: '?', fault: `${prefix}: its account has no credit left` };
    case 404:
      return { key: '?', name: 'wrong', fault: `${prefix}: no such model, or not this baseUrl` };
    case 429:
      return code === 'insufficient_quota'
        ? { key: 'right', name: '?', fault: `${prefix}: its account has no credit left` }
        : { key: 'right', name: '?', fault: `${prefix}: too many requests; try again later` };
    default:
      if (status >= 300 && status < 400)
        return unknownFault(`${prefix}: baseUrl leads elsewhere, and redirects are not followed`);
      return unknownFault(`${prefix}: it has a fault of its own, or too much to do`);
  }
}

const unknownFault = (fault: string): Diagnosis => ({ key: '?', name: '?', fault });

function reasonWithoutReport(error: unknown, waitMs: number): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `no word came within ${String(waitMs / 1000)} s`;
  return error instanceof Error ? error.message : String(error);
}

function reasonWithoutStatus(reason: string): string {
  if (reason.includes('something else than events'))
    return "the server at baseUrl does not speak OpenAI's API: check the end of baseUrl, for example /v1";
  const code = /connection to the provider failed: (\w+)/.exec(reason)?.[1];
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the host of baseUrl has no address (${code})`;
  if (code === 'ECONNREFUSED') return `nothing listens at baseUrl (${code})`;
  return reason;
}

/** Diagnoses a 400 or a 422 by the provider's text, which may mention a key or a name. */
function diagnosisOfRefusal(words: string): Diagnosis {
  if (KEY_WORDS.test(words)) return { key: 'wrong', name: '?', fault: words };
  if (LIMIT_WORDS.test(words)) return { key: 'right', name: 'right', fault: words };
  return { key: 'right', name: NAME_WORDS.test(words) ? 'wrong' : '?', fault: words };
}
