const count = new Intl.NumberFormat('en');
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** What is not known yet is a dash. */
export const number = (value) => (value === undefined ? '–' : count.format(value));
export const tokens = (value) => `${number(value)} ${value === 1 ? 'token' : 'tokens'}`;
export const time = (iso) => moment.format(new Date(iso));

const WORDS = {
  daily: 'Tokens a day',
  email: 'E-mail',
  expires_at: 'Serves until',
  count: 'Answers',
};

/** The name of a field of the API, for people. */
export const words = (name) =>
  WORDS[name] ?? name[0].toUpperCase() + name.slice(1).replaceAll('_', ' ');

/** What a message costs before it is sent: one price, or what it costs at least and at most. */
export const range = (least, most) =>
  least === most ? tokens(most) : `${number(least)} to ${tokens(most)}`;

/** The price of a model in few words; empty where the list does not tell it. */
export function price(listed) {
  if (!listed) return '';
  const { perMessage, ...rates } = listed;
  if (perMessage !== undefined) return `${tokens(perMessage)} a message`;
  const [unit] = Object.keys(rates).map((name) => (name.startsWith('perMillion') ? '1M' : '1k'));
  const rate = (name) => number(rates[`per1k${name}`] ?? rates[`perMillion${name}`] ?? 0);
  return `${rate('Prompt')} in, ${rate('Completion')} out for ${unit}`;
}
