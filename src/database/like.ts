/** A pattern for `LIKE … ESCAPE '\'`: the text anywhere, with its own `%`, `_` and `\` meaning themselves. */
export const likePattern = (text: string): string => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
