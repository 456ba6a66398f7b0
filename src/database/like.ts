/**
 * Returns a pattern for `LIKE … ESCAPE '\'` that finds the text anywhere. `%`, `_` and `\` in the text are escaped.
 */
export const likePattern = (text: string): string => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
