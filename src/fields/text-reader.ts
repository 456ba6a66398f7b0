import { ValidationFailed } from '../errors.js';
import { groupByField } from './body.pipe.js';
import { readFields } from './field-reader.js';
import { TextField, type TextFieldRules } from './text-field.js';

/**
 * Returns a function that reads a text from outside a body (a query, a command line) by the rules of a field.
 * `field` is its name in errors. The function returns the converted text, or undefined if the text is optional and
 * missing. It throws `ValidationFailed`.
 */
export function textReader(
  field: string,
  rules: TextFieldRules,
): (text: string | undefined) => string | undefined {
  class Fields {
    readonly [name: string]: string | undefined;
  }
  TextField(rules)(Fields.prototype, field);
  return (text) => {
    const { dto, faults } = readFields(Fields, { [field]: text });
    if (faults.length > 0) throw new ValidationFailed(groupByField(faults));
    return dto[field];
  };
}
