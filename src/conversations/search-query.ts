import { ValidationFailed } from '../errors.js';
import { byField } from '../fields/body.pipe.js';
import { readFields } from '../fields/field-reader.js';
import { TextField } from '../fields/text-field.js';

export const SEARCH_MAX_CHARS = 200;

class SearchQuery {
  @TextField({
    optional: true,
    mayBeBlank: true,
    whiteSpace: 'keep',
    maxCodePoints: SEARCH_MAX_CHARS,
  })
  search?: string;
}

/** Checks the text of `?search=`; undefined where it is missing or empty. Throws `ValidationFailed`. */
export function readSearch(search: string | undefined): string | undefined {
  const { dto, faults } = readFields(SearchQuery, { search });
  if (faults.length > 0) throw new ValidationFailed(byField(faults));
  return dto.search === '' ? undefined : dto.search;
}
