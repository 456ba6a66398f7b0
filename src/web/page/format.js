const count = new Intl.NumberFormat('en');
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** An unknown value is shown as a dash. */
export const number = (value) => (value === undefined ? '–' : count.format(value));
export const tokens = (value) => `${number(value)} ${value === 1 ? 'token' : 'tokens'}`;
export const time = (iso) => moment.format(new Date(iso));

const WORDS = {
  daily: 'Tokens per day',
  email: 'E-mail',
  expires_at: 'Valid until',
  count: 'Answers',
};

/** Returns the label of an API field. */
export const words = (name) =>
  WORDS[name] ?? name[0].toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** Returns the price of a message before it is sent: one price, or the lowest and the highest. */
export const range = (least, most) =>
  least === most ? tokens(most) : `${number(least)} to ${tokens(most)}`;

/** Returns the price of a model as a short text. Empty if the list of models has no price. */
export function price(listed) {
  if (!listed) return '';
  const { perMessage, ...rates } = listed;
  if (perMessage !== undefined) return `${tokens(perMessage)} per message`;
  const [unit] = Object.keys(rates).map((name) => (name.startsWith('perMillion') ? '1M' : '1k'));
  const rate = (name) => number(rates[`per1k${name}`] ?? rates[`perMillion${name}`] ?? 0);
  return `${rate('Prompt')} in, ${rate('Completion')} out per ${unit}`;
}
