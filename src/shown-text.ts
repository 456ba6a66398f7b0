/** Maximum length of a caller's text in an error. A body has a million characters. */
const SHOWN_MAX = 100;

/** Returns a caller's text as errors show it. A long one is cut: the caller knows the rest. */
export const shownText = (text: string): string =>
  text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX).replace(/[\ud800-\udbff]$/, '')}…` : text;

/** Returns the error sentence for a text that is none of the choices. */
export const notAChoice = (text: string): string => `"${shownText(text)}" is not a valid choice.`;
