/** The sentences about fields of a wrong type in the bodies of OpenAI's routes. */
export const EXPECTED_STRING = 'Invalid type: expected a string.';
export const MISSING_STRING = 'Missing or invalid: expected a string.';
export const EXPECTED_BOOLEAN = 'Invalid type: expected a boolean.';
export const EXPECTED_OBJECT = 'Invalid type: expected an object.';
export const EXPECTED_WHOLE_NUMBER = 'Invalid type: expected a whole number of 1 or more.';
